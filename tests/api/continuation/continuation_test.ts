import fc from "fast-check";
import assert from "node:assert/strict";
import { continueAnswer } from "../../../src/api/answer/continuation/continue_answer.ts";
import { decide } from "../../../src/api/answer/continuation/decide.ts";
import { SentAnswer } from "../../../src/api/answer/continuation/sent_answer.ts";
import { datasOf, EventCutter } from "../../../src/api/events/event_cutter.ts";
import { SimulatedServer } from "./simulated_server.ts";

interface Heard {
  text: string;
  ids: Set<unknown>;
  finish: string[];
  usage: Record<string, number>[];
  ends: number;
}

/** The answer as a client reads it from the events that it gets. */
function hear(events: readonly Uint8Array[]): Heard {
  const heard: Heard = { text: "", ids: new Set(), finish: [], usage: [], ends: 0 };
  for (const data of events.flatMap(datasOf)) {
    if (data === "[DONE]") {
      heard.ends++;
      continue;
    }
    const { id, choices, usage } = JSON.parse(data);
    heard.ids.add(id);
    if (usage) heard.usage.push(usage);
    for (const { text, delta, finish_reason } of choices) {
      heard.text += text ?? delta?.content ?? "";
      if (finish_reason) heard.finish.push(finish_reason);
    }
  }
  return heard;
}

function encode(events: readonly string[]): Uint8Array {
  return new TextEncoder().encode(events.join(""));
}

/** Letters of which stop strings are made, and characters of 2 to 4 bytes. */
const word = fc.array(fc.constantFrom("a", "b", "ab", " ", "é", "語", "🦙"), { maxLength: 30 })
  .map((letters) => letters.join(""));

const exchange = fc.record({
  endpoint: fc.constantFrom("chat" as const, "text" as const),
  text: word,
  tokenBytes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 40, maxLength: 100 }),
  stop: fc.array(fc.constantFrom("aab", "ba", "é", "語a", "abab"), { maxLength: 2 }),
  maxTokens: fc.option(fc.integer({ min: 1, max: 40 })),
  /** Bytes after which one host after the other is lost. */
  losses: fc.array(fc.nat(6_000), { minLength: 1, maxLength: 4 }),
  chunk: fc.integer({ min: 1, max: 400 }),
});

Deno.test("An answer that is cut anywhere, as often as it may be, goes on as if nothing had happened", async () => {
  await fc.assert(
    fc.asyncProperty(exchange, async (one) => {
      const server = new SimulatedServer(one, one.endpoint);
      const body = {
        messages: [{ role: "user", content: "x" }],
        prompt: server.prompt,
        stop: one.stop,
        temperature: 0,
        stream: true,
        stream_options: { include_usage: true },
        ...one.maxTokens === null ? {} : { max_tokens: one.maxTokens },
      };
      const undisturbed = hear([encode(server.answer("first", body))]);
      const sent = new SentAnswer();
      const passed: Uint8Array[] = [];
      const pass = (events: Uint8Array) => {
        sent.observe(events);
        passed.push(events);
      };
      let [loss = 0, ...losses] = one.losses;
      const bytes = encode(server.answer("first", body)).subarray(0, loss);
      const cutter = new EventCutter();
      let isUncounted = false;
      for (let at = 0; at < bytes.length; at += one.chunk) {
        pass(cutter.push(bytes.subarray(at, at + one.chunk)));
      }
      for (;;) {
        if (!sent.hasBegun) return; // another instance is asked for the whole
        isUncounted ||= !server.endsToken(sent.text) ||
          (sent.finishReason === "stop" && !sent.hasUsage);
        const decision = decide(one.endpoint, body, sent);
        if (decision.kind === "close") passed.push(encode(["data: [DONE]\n\n"]));
        if (decision.kind !== "continue") break;
        assert.ok(sent.head !== null);
        [loss = Infinity, ...losses] = losses;
        const broken = { endpoint: one.endpoint, body, sent, head: sent.head };
        for await (const events of continueAnswer(server, broken)) {
          if ((loss -= events.length) < 0) break;
          pass(events);
        }
      }
      const heard = hear(passed);
      for (const part of ["ids", "ends"] as const) {
        assert.deepEqual(heard[part], undisturbed[part]);
      }
      // A stop string may have cut the text within a token, and the host be lost before it could say that this was
      // the end. That token then counts twice against a limit, which may come before the stop string does.
      if (isUncounted && one.maxTokens !== null) assert.ok(heard.text.startsWith(undisturbed.text));
      else assert.equal(heard.text, undisturbed.text);
      const [usage] = heard.usage;
      assert.deepEqual([heard.usage.length, heard.finish.length], [1, 1]);
      // How a stop string was cut in tokens is nobody's to know once the host is lost right at it.
      if (isUncounted) return;
      assert.deepEqual(heard.finish, undisturbed.finish);
      for (const count of ["prompt_tokens", "completion_tokens", "total_tokens"]) {
        assert.equal(usage?.[count], undisturbed.usage[0]?.[count], count);
      }
    }),
    { numRuns: 2_000 },
  );
});
