/** The OpenAI gateway, the management API and the console's page, over a narrow view of the node. */

export { type ConsoleAsset, type ConsoleAssets, createConsole } from "./console_page.ts";
export { loadConsoleAssets } from "./console_assets.ts";
export { type AgentSettings, agentSettings, type AgentTarget, shellLines } from "./agents.ts";
export { formatLoad, LOAD_HEADER, type LoadReport } from "./balance.ts";
export { createGateway, type GatewayConfig } from "./gateway.ts";
export { KeyFileError, readKeyFile } from "./key_file.ts";
export { type ApiKey, fullKey } from "./keys.ts";
export { LocalUser } from "./local_user.ts";
export { ListenError, PortInUseError } from "./listen.ts";
export { createManagement, type ManagementApi, type ManagementConfig } from "./management.ts";
export { BodyBudget } from "./body_budget.ts";
export { BODIES_COMING_BYTES } from "./defaults.ts";
export { answerFor, RefusedError } from "./openai_errors.ts";
export { readInference } from "./read_inference.ts";
export { headersToAsk } from "./relay_headers.ts";
export { rateLimitHeaders, RateLimits } from "./rate_limit.ts";
export { type ApiServers, serveApi, type ServeApiOptions } from "./serve.ts";
export { TokenCounter } from "./token_counter.ts";
export * from "./types.ts";
