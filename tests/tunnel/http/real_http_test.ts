import assert from "node:assert/strict";
import { type Engine } from "../../../src/engine/mod.ts";
import { forwardLocal } from "../../../src/tunnel/mod.ts";
import { cachedBallast } from "../../support/ballast.ts";
import { engineOrReason, engineTest } from "../../support/engine.ts";
import answers from "../../support/guide_answers.json" with { type: "json" };
import { HttpLine, requestOf } from "../http_line.ts";
import { answerText, GUIDE, Llama, question, targetOf } from "../llama.ts";

const found = await engineOrReason();

const JSON_HEADERS = { "content-type": "application/json" };

/** A real llama-server behind a tunnel. */
async function serving(engine: Engine, modelPath: string) {
  const stack = new AsyncDisposableStack();
  const llama = stack.use(await Llama.prepare(engine));
  const target = await targetOf(llama.llamaServer(modelPath));
  const line = stack.use(await HttpLine.open(() => target));
  const ask = (content: string, options: object = {}) =>
    line.ask({ headers: JSON_HEADERS, body: question(content, options) });
  return { target, line, ask, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

engineTest(found, "the guide answers to the letter through the HTTP tunnel", async (engine) => {
  await using host = await serving(engine, GUIDE);
  for (const [content, expected] of Object.entries(answers).slice(0, 2)) {
    assert.equal(await answerText(await host.ask(content)), expected);
    assert.equal(await answerText(await host.ask(content, { stream: true })), expected);
  }
  assert.equal(await host.line.openStreams(), 0);
});

engineTest(found, "near and far answers of llama-server look the same", async (engine) => {
  await using host = await serving(engine, GUIDE);
  const asked = [
    { body: question("hello", { max_tokens: 5 }), headers: JSON_HEADERS },
    { body: "no JSON", headers: JSON_HEADERS },
    { body: question("hello"), path: "/slots" },
    { method: "GET", path: "/v1/models" },
  ];
  for (const one of asked) {
    const near = await forwardLocal(host.target, requestOf(one));
    const far = await host.line.ask(one);
    assert.equal(far.status, near.status);
    assert.deepEqual([...far.headers.keys()], [...near.headers.keys()]);
    assert.equal(far.headers.get("content-type"), near.headers.get("content-type"));
    assert.deepEqual(Object.keys(await far.json()), Object.keys(await near.json()));
  }
});

const ENDLESS = { stream: true, ignore_eos: true, max_tokens: 2_000 };

/** Reads a stream to its end and counts what comes: about one event a token. */
class Listener {
  events = 0;
  readonly ended: Promise<void>;

  constructor(answer: Response, signal: AbortSignal) {
    const counting = new WritableStream({ write: () => void this.events++ });
    this.ended = answer.body!.pipeTo(counting, { signal }).catch(() => undefined);
  }
}

engineTest(found, "a stream that its reader cancels frees llama-server's slot", async (engine) => {
  await using host = await serving(engine, cachedBallast({ layers: 60 }));
  const slots = await fetch(`${host.target.baseUrl}/slots`, {
    headers: { authorization: `Bearer ${host.target.apiKey}` },
  });
  const { length } = await slots.json();
  const [cancelled, ...others] = await Promise.all(
    Array.from({ length }, () => host.ask("hello", ENDLESS)),
  );
  const enough = new AbortController();
  const listeners = others.map((answer) => new Listener(answer, enough.signal));
  await cancelled?.body?.cancel();
  // All other slots are taken for 2,000 tokens: this one is answered now or after one of them.
  const answer = await host.ask("hello", { max_tokens: 1 });
  assert.equal((await answer.json()).usage.completion_tokens, 1);
  for (const { events } of listeners) assert.ok(events < 1_500, `${events} events came before`);
  enough.abort();
  await Promise.all(listeners.map(({ ended }) => ended));
  assert.equal(await host.line.openStreams(), 0);
});
