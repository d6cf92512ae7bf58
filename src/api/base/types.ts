/** The management API's shapes and the narrow views of the node that the routes work on. The console imports types only. */

export * from "./types/events.ts";
export * from "./types/finding.ts";
export * from "./types/gateway_node.ts";
export * from "./types/management_node.ts";
export * from "./types/model_settings.ts";
export * from "./types/models.ts";
export * from "./types/pairing.ts";
export * from "./types/relays.ts";
export * from "./types/setting.ts";
export * from "./types/status.ts";
