/** The door to what can be set of models: it loads nothing. */

export * from "./base/config.ts";
