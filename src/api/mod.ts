/** The OpenAI gateway, the management API and the console's page, over a narrow view of the node. */

export { type ConsoleAsset, type ConsoleAssets, createConsole } from "./console_page.ts";
export { loadConsoleAssets } from "./console_assets.ts";
export { type AgentSettings, agentSettings, type AgentTarget, shellLines } from "./agents.ts";
export { createGateway, type GatewayConfig } from "./gateway.ts";
export { ListenError, PortInUseError } from "./listen.ts";
export { createManagement, type ManagementApi, type ManagementConfig } from "./management.ts";
export { type ApiServers, serveApi, type ServeApiOptions } from "./serve.ts";
export * from "./types.ts";
