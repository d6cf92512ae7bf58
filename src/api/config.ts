/** The door to what can be set of the API: it loads nothing. */

export * from "./base/config.ts";
