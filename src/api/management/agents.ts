/** Settings of the tools that people use with an OpenAI-compatible endpoint. Pure data; each as its documentation says. */

import { AGENT_CONTEXT_NEEDED } from "../base/defaults.ts";
import type { AgentLimits } from "./agent_limits.ts";
import { testLine } from "./agent_lines.ts";

/** The facts that a tool has to know. */
export interface AgentTarget {
  /** Without a trailing slash, and without `/v1`. */
  readonly apiUrl: string;
  /** Tools insist on one, so that a node without a key is given any word. */
  readonly apiKey: string;
  readonly model: string;
  /** `null` where they are not known: a tool then goes by its own. */
  readonly limits: AgentLimits | null;
}

/** How one tool is told to use the mesh. */
export interface AgentSettings {
  /** As typed after `mesh-llm run`. */
  readonly id: string;
  readonly title: string;
  /** A description in a few words. */
  readonly about: string;
  /** The page of its documentation that says so. */
  readonly docs: string;
  /** Variables that the tool reads. */
  readonly env: Readonly<Record<string, string>>;
  /** A file that it reads: its path, with `~` for the home directory, and what has to be in it. */
  readonly file: { readonly path: string; readonly text: string } | null;
  /** Starts it; empty for what is not started from a terminal. */
  readonly command: readonly string[];
  /** Why it will hardly work with this model; `null` where nothing is known against it. */
  readonly warning: string | null;
  /** Asks for a short answer with these settings. */
  readonly test: string;
}

interface Agent {
  (target: AgentTarget): Omit<AgentSettings, "warning" | "test">;
}

/** Tools whose prompts take more than a small context holds, with the page that says how much they need. */
const NEEDS: Readonly<Record<string, { readonly context: number; readonly source: string }>> = {
  claude: {
    context: AGENT_CONTEXT_NEEDED,
    source: "https://docs.ollama.com/integrations/claude-code",
  },
  opencode: {
    context: AGENT_CONTEXT_NEEDED,
    source: "https://docs.ollama.com/integrations/opencode",
  },
};

const json = (value: unknown) => JSON.stringify(value, null, 2);

const goose: Agent = ({ apiUrl, apiKey, model, limits }) => ({
  id: "goose",
  title: "goose",
  about: "Agent for the terminal and the desktop",
  docs: "https://goose-docs.ai/docs/getting-started/providers",
  env: {
    GOOSE_PROVIDER: "openai",
    GOOSE_MODEL: model,
    OPENAI_HOST: apiUrl,
    OPENAI_BASE_PATH: "v1/chat/completions",
    OPENAI_API_KEY: apiKey,
    ...(limits && {
      GOOSE_CONTEXT_LIMIT: String(limits.context),
      GOOSE_MAX_TOKENS: String(limits.output),
    }),
  },
  file: null,
  command: ["goose", "session"],
});

const opencode: Agent = ({ apiUrl, apiKey, model, limits }) => ({
  id: "opencode",
  title: "opencode",
  about: "Coding agent for the terminal",
  docs: "https://opencode.ai/docs/providers",
  env: {},
  file: {
    path: "opencode.json",
    text: json({
      $schema: "https://opencode.ai/config.json",
      provider: {
        mesh: {
          npm: "@ai-sdk/openai-compatible",
          name: "mesh-llm",
          options: { baseURL: `${apiUrl}/v1`, apiKey },
          models: {
            [model]: {
              name: model,
              ...(limits && { limit: { context: limits.context, output: limits.output } }),
            },
          },
        },
      },
    }),
  },
  command: ["opencode", "--model", `mesh/${model}`],
});

const pi: Agent = ({ apiUrl, apiKey, model, limits }) => ({
  id: "pi",
  title: "pi",
  about: "Small coding agent for the terminal",
  docs: "https://github.com/earendil-works/pi/blob/main/packages/coding-agent/docs/models.md",
  env: {},
  file: {
    path: "~/.pi/agent/models.json",
    text: json({
      providers: {
        mesh: {
          baseUrl: `${apiUrl}/v1`,
          api: "openai-completions",
          apiKey,
          compat: { supportsDeveloperRole: false, supportsReasoningEffort: false },
          models: [{
            id: model,
            ...(limits && { contextWindow: limits.context, maxTokens: limits.output }),
          }],
        },
      },
    }),
  },
  command: ["pi", "--provider", "mesh", "--model", model],
});

/** Small questions go to a second model unless all three sizes are named. */
const claude: Agent = ({ apiUrl, apiKey, model, limits }) => ({
  id: "claude",
  title: "Claude Code",
  about: "Coding agent; llama.cpp speaks its API",
  docs: "https://huggingface.co/blog/ggml-org/anthropic-messages-api-in-llamacpp",
  env: {
    ANTHROPIC_BASE_URL: apiUrl,
    ANTHROPIC_AUTH_TOKEN: apiKey,
    ANTHROPIC_MODEL: model,
    ANTHROPIC_DEFAULT_OPUS_MODEL: model,
    ANTHROPIC_DEFAULT_SONNET_MODEL: model,
    ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
    // A line that is another one in every request would keep llama.cpp from using the prompt that it has.
    CLAUDE_CODE_ATTRIBUTION_HEADER: "0",
    ...(limits && {
      CLAUDE_CODE_MAX_CONTEXT_TOKENS: String(limits.context),
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(limits.output),
    }),
  },
  file: null,
  command: ["claude"],
});

/** It reports limits and enforces none. */
const aider: Agent = ({ apiUrl, apiKey, model }) => ({
  id: "aider",
  title: "aider",
  about: "Pair programming in the terminal",
  docs: "https://aider.chat/docs/llms/openai-compat.html",
  env: { OPENAI_API_BASE: `${apiUrl}/v1`, OPENAI_API_KEY: apiKey },
  file: null,
  command: ["aider", "--model", `openai/${model}`],
});

/** JSON strings are YAML strings too. */
const continueDev: Agent = ({ apiUrl, apiKey, model, limits }) => ({
  id: "continue",
  title: "Continue",
  about: "Assistant in VS Code and JetBrains",
  docs: "https://docs.continue.dev/customize/model-providers/top-level/openai",
  env: {},
  file: {
    path: "~/.continue/config.yaml",
    text: [
      "name: mesh-llm",
      "version: 0.0.1",
      "schema: v1",
      "models:",
      `  - name: ${JSON.stringify(model)}`,
      "    provider: openai",
      `    model: ${JSON.stringify(model)}`,
      `    apiBase: ${JSON.stringify(`${apiUrl}/v1`)}`,
      `    apiKey: ${JSON.stringify(apiKey)}`,
      "    roles: [chat, edit, apply]",
      ...(limits === null ? [] : [
        "    defaultCompletionOptions:",
        `      contextLength: ${limits.context}`,
        `      maxTokens: ${limits.output}`,
      ]),
    ].join("\n"),
  },
  command: [],
});

const openWebui: Agent = ({ apiUrl, apiKey }) => ({
  id: "open-webui",
  title: "Open WebUI",
  about: "Chat for several people in the browser",
  docs: "https://docs.openwebui.com/getting-started/env-configuration",
  env: {
    OPENAI_API_BASE_URL: `${apiUrl}/v1`,
    OPENAI_API_KEY: apiKey,
    ENABLE_OLLAMA_API: "false",
  },
  file: null,
  command: ["open-webui", "serve"],
});

const AGENTS: readonly Agent[] = [goose, opencode, pi, claude, aider, continueDev, openWebui];

export function agentSettings(target: AgentTarget): AgentSettings[] {
  return AGENTS.map((agent) => {
    const settings = agent(target);
    const test = testLine(target, settings.id === "claude" ? "anthropic" : "openai");
    return { ...settings, warning: warningFor(settings, target), test };
  });
}

function warningFor({ id, title }: Pick<AgentSettings, "id" | "title">, target: AgentTarget) {
  const { limits, model } = target;
  const need = NEEDS[id];
  if (limits === null || need === undefined || limits.context >= need.context) return null;
  return `${title} needs a context of ${need.context} tokens or more (${need.source}); ${model} ` +
    `has ${limits.context}. If the model was trained for more, set a larger ctx in its settings, in the console or ` +
    "by `mesh-llm settings`; else choose another model";
}
