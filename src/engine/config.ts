/** The door to what can be set of llama.cpp: it loads nothing. */

export * from "./base/config.ts";
