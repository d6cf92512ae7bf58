/** The OpenAI gateway, the management API and the console's page, over a narrow view of the node. */

export { loadConsoleAssets } from "./management/console_assets.ts";
export type { AgentLimits } from "./management/agent_limits.ts";
export { shellLines } from "./management/agent_lines.ts";
export { type AgentSettings, agentSettings } from "./management/agents.ts";
export { formatLoad, LOAD_HEADER, type LoadReport } from "./routing/balance.ts";
export { isFinal } from "./routing/patience.ts";
export { meaningOf } from "./routing/meaning.ts";
export { createGateway } from "./openai/gateway.ts";
export { KeyFileError, readKeyFile } from "./keys/key_file.ts";
export type { KeyView, MadeKeys } from "./keys/key_book.ts";
export { type ApiKey, fullKey } from "./keys/keys.ts";
export { LocalUser } from "./http/local_user.ts";
export { ListenError, PortInUseError } from "./http/listen.ts";
export { type ManagementApi } from "./management/management.ts";
export { BodyBudget } from "./http/body_budget.ts";
export { BODIES_COMING_BYTES } from "./base/defaults.ts";
export { answerFor, RefusedError } from "./http/openai_errors.ts";
export { readInference } from "./openai/read_inference.ts";
export { headersToAsk } from "./http/relay_headers.ts";
export { rateLimitHeaders, RateLimits } from "./keys/rate_limit.ts";
export { type ApiServers, serveApi } from "./serve.ts";
export { TokenCounter } from "./events/token_counter.ts";
export * from "./base/types.ts";
