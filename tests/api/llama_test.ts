import { getLogger } from "@logtape/logtape";
import assert from "node:assert/strict";
import { API_DEFAULTS } from "../../src/api/config.ts";
import { type ApiServers, createGateway, serveApi } from "../../src/api/mod.ts";
import { engineOrReason, engineTest } from "../support/engine.ts";
import answers from "../support/guide_answers.json" with { type: "json" };
import { asking, FakeNode, instance } from "./fake_node.ts";
import { LlamaServer } from "./llama_server.ts";
import { SseReader } from "./sse_reader.ts";

const found = await engineOrReason();
const QUESTIONS = ["hello", "who are you?", "what is a mesh?"] as const;

interface Setup {
  readonly node: FakeNode;
  readonly servers: ApiServers;
  readonly llama: LlamaServer;
}

/** A test through a real listener to a real llama-server. */
function realTest(name: string, test: (setup: Setup) => Promise<void>): void {
  engineTest(found, name, async (engine) => {
    await using llama = await LlamaServer.start(engine.llamaServer);
    const forward = (_: unknown, request: Parameters<LlamaServer["forward"]>[0]) =>
      llama.forward(request);
    const node = new FakeNode({ warm: [instance("self")], forward });
    const servers = await serveApi(node, {
      config: { ...API_DEFAULTS, port: 0, consolePort: 0 },
      names: [],
      keys: [],
      adminKey: null,
      logger: getLogger("test"),
      assets: null,
    });
    try {
      await test({ node, servers, llama });
    } finally {
      await servers.stop();
    }
  });
}

function chat(content: string, more: Record<string, unknown> = {}): RequestInit {
  return asking({
    model: "guide",
    temperature: 0,
    messages: [{ role: "user", content }],
    ...more,
  });
}

async function contentOf(body: ReadableStream<Uint8Array>): Promise<string> {
  const reader = new SseReader(body);
  let content = "";
  for (;;) {
    const block = await reader.block();
    if (block === null || block === "data: [DONE]") break;
    content += JSON.parse(block.slice("data: ".length)).choices[0]?.delta.content ?? "";
  }
  assert.equal(await reader.block(), null, "nothing follows [DONE]");
  return content;
}

realTest("Both ports give llama-server's exact answers, streamed and not", async ({ servers }) => {
  for (const base of [servers.apiUrl, servers.consoleUrl]) {
    const url = `${base}/v1/chat/completions`;
    for (const question of QUESTIONS) {
      const whole = await (await fetch(url, chat(question))).json();
      assert.equal(whole.choices[0].message.content, answers[question]);
      const streamed = await fetch(url, chat(question, { stream: true }));
      assert.equal(streamed.headers.get("content-type"), "text/event-stream");
      assert.equal(await contentOf(streamed.body!), answers[question]);
    }
  }
});

realTest("A record counts the tokens that llama-server counts", async ({ node, servers }) => {
  const url = `${servers.apiUrl}/v1/chat/completions`;
  const { usage } = await (await fetch(url, chat("hello"))).json();
  await (await fetch(url, chat("hello", { stream: true }))).text();
  const counts = node.records.map(({ tokensOut }) => tokensOut);
  assert.deepEqual(counts, [usage.completion_tokens, usage.completion_tokens]);
});

realTest("Other endpoints and llama-server's own errors pass through", async ({ servers }) => {
  const base = servers.apiUrl;
  const { tokens } = await (await fetch(`${base}/tokenize`, asking({ content: "mesh" }))).json();
  const text = await (await fetch(`${base}/detokenize`, asking({ tokens }))).json();
  assert.equal(text.content, "mesh");
  const refused = await fetch(`${base}/v1/chat/completions`, asking({ messages: "none" }));
  assert.equal(refused.status, 400);
  assert.equal((await refused.json()).error.type, "invalid_request_error");
});

realTest("A caller that hangs up frees llama-server's slot", async ({ node, servers, llama }) => {
  const url = `${servers.apiUrl}/v1/chat/completions`;
  const endless = { stream: true, ignore_eos: true, max_tokens: 2_000 };
  const reader = new SseReader((await fetch(url, chat("hello", endless))).body!);
  await reader.next();
  await reader.cancel();
  await llama.logged(/cancel task/);
  assert.equal((await node.recorded()).status, 499);
  const next = await (await fetch(url, chat("hello"))).json();
  assert.equal(next.choices[0].message.content, answers.hello);
});

realTest(
  "A caller that hangs up before its answer frees the slot too",
  async ({ servers, llama }) => {
    const url = `${servers.apiUrl}/v1/chat/completions`;
    const caller = new AbortController();
    const endless = chat("hello", { ignore_eos: true, max_tokens: 2_000 });
    const answer = fetch(url, { ...endless, signal: caller.signal });
    await llama.logged(/processing task|launch_slot/);
    caller.abort();
    await assert.rejects(answer);
    await llama.logged(/cancel task/);
  },
);

engineTest(
  found,
  "A prompt that is too long goes to an instance with more room, else the caller learns both numbers",
  async (engine) => {
    await using small = await LlamaServer.start(engine.llamaServer, ["-c", "256"]);
    await using large = await LlamaServer.start(engine.llamaServer, ["-c", "1024"]);
    const node = new FakeNode({
      warm: [
        instance("small", "guide", { contextLength: 256 }),
        instance("large", "guide", { contextLength: 1_024 }),
      ],
      forward: ({ host }, request) => (host === "small" ? small : large).forward(request),
    });
    const gateway = createGateway(node, { keys: [], logger: getLogger("test"), holdMs: 0 });
    const bodies = (text: string) =>
      Object.entries({
        "/v1/chat/completions": { messages: [{ role: "user", content: text }], max_tokens: 1 },
        "/v1/completions": { prompt: text, max_tokens: 1 },
        "/v1/responses": { input: text, max_output_tokens: 1 },
        "/v1/messages": { messages: [{ role: "user", content: text }], max_tokens: 1 },
      }).flatMap(([path, body]) =>
        [false, true].map((stream) => [path, asking({ model: "guide", ...body, stream })] as const)
      );
    // Each conversation has its own order of the two.
    const fitting = ["a", "b", "c", "d"].flatMap((start) => bodies(start + " word".repeat(100)));
    for (const [path, init] of fitting) {
      const response = await gateway.request(path, init);
      assert.equal(response.headers.get("x-mesh-host"), "large", path);
      assert.equal(response.status, 200, path);
      await response.text();
    }
    const hosts = new Set(node.forwarded.map(({ host }) => host));
    assert.deepEqual([...hosts].sort(), ["large", "small"], "some met the small one first");
    for (const [path, init] of bodies("word ".repeat(300))) {
      const response = await gateway.request(path, init);
      assert.equal(response.status, 400, path);
      const { type, error } = await response.json();
      assert.equal(error.code, "context_length_exceeded", path);
      assert.match(
        error.message,
        /^This model's maximum context length is 1024 tokens, .*prompt is too long: 1\d{3} tokens > 1024 maximum$/,
      );
      assert.equal(type, path === "/v1/messages" ? "error" : undefined);
    }
  },
);

realTest(
  "Claude Code's line about itself costs none of the prompt that is cached",
  async ({ servers }) => {
    const rules = Array.from({ length: 10 }, (_, at) => `Rule ${at}: answer in short sentences.`);
    const system = { type: "text", text: rules.join("\n") };
    const messages = [{ role: "user", content: "hello" }];
    const ask = async (cch: string) => {
      const line =
        `x-anthropic-billing-header: cc_version=2.1.177.${cch}; cc_entrypoint=cli; cch=${cch};`;
      const response = await fetch(
        `${servers.apiUrl}/v1/messages`,
        asking({
          model: "guide",
          max_tokens: 4,
          temperature: 0,
          system: [{ type: "text", text: line }, system],
          messages,
        }),
      );
      const { usage, content } = await response.json();
      messages.push({ role: "assistant", content: content[0].text });
      messages.push({ role: "user", content: "and then?" });
      return {
        cached: usage.cache_read_input_tokens,
        prompt: usage.cache_read_input_tokens + usage.input_tokens,
      };
    };
    let before = (await ask("36ee5")).prompt;
    for (const cch of ["0aaa9", "97bd6"]) {
      const { cached, prompt } = await ask(cch);
      assert.ok(cached >= before - 1, `${cached} of ${before} tokens were cached`);
      before = prompt;
    }
  },
);
