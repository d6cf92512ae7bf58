/** Settings of tools as lines for a shell. Pure. */

/** A word that a shell takes for one word and nothing else. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Variables and command. */
export function shellLines(
  { env, command }: {
    readonly env: Readonly<Record<string, string>>;
    readonly command: readonly string[];
  },
): string {
  const variables = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`);
  const start = command.length === 0 ? [] : [command.map(quoted).join(" ")];
  return [...variables, ...start].join("\n");
}

const PATHS = { openai: "/v1/chat/completions", anthropic: "/v1/messages" } as const;

/** Asks with these settings what the tool would ask: a short answer proves the address, the key and the model. */
export function testLine(
  { apiUrl, apiKey, model }: {
    readonly apiUrl: string;
    readonly apiKey: string;
    readonly model: string;
  },
  api: keyof typeof PATHS = "openai",
): string {
  const messages = [{ role: "user", content: "Say hello" }];
  const words = [
    `${apiUrl}${PATHS[api]}`,
    "-H",
    `Authorization: Bearer ${apiKey}`,
    "-H",
    "Content-Type: application/json",
    ...(api === "anthropic" ? ["-H", "anthropic-version: 2023-06-01"] : []),
    "-d",
    JSON.stringify({ model, max_tokens: 32, messages }),
  ];
  return `curl ${words.map(quoted).join(" ")}`;
}
