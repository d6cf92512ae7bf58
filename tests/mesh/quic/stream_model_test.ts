/**
 * Sequences of writes, ends, resets and pauses on both ends of real streams, against a model of what a
 * stream may do. `MESH_LLM_FUZZ_RUNS` and `MESH_LLM_FUZZ_SEED` make it longer, and repeat a failure.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Consumption, FuzzedEnd } from "./fuzzed_end.ts";
import { openStream, startPair } from "./links.ts";

const RUNS = Number(Deno.env.get("MESH_LLM_FUZZ_RUNS") ?? 150);
const SEED = Deno.env.get("MESH_LLM_FUZZ_SEED");
const SETTLE_MS = 20_000;

/** Small enough that the larger writes wait for their reader. */
const WINDOWS = { streamWindowBytes: 32_768, connectionWindowBytes: 262_144 };

interface EndModel {
  written: number;
  isClosed: boolean;
  isReset: boolean;
}

type Model = readonly [EndModel, EndModel];
type Real = readonly [FuzzedEnd, FuzzedEnd];
type End = 0 | 1;

/** A step that an end may take while the model allows it. */
class Step implements fc.AsyncCommand<Model, Real> {
  constructor(
    readonly end: End,
    readonly name: "write" | "closeWrite" | "reset" | "pause" | "resume",
    readonly size = 0,
  ) {}

  check(model: Readonly<Model>): boolean {
    const { isClosed, isReset } = model[this.end];
    const ends = this.name === "write" || this.name === "closeWrite";
    return !isReset && !(ends && isClosed);
  }

  run(model: Model, real: Real): Promise<void> {
    const end = model[this.end];
    if (this.name === "write") end.written += this.size;
    if (this.name === "closeWrite") end.isClosed = true;
    if (this.name === "reset") end.isReset = true;
    if (this.name === "write") real[this.end].write(this.size);
    else real[this.end][this.name]();
    return Promise.resolve();
  }

  toString(): string {
    return `${this.end}.${this.name}(${this.size || ""})`;
  }
}

/** Lets what is under way go on for a moment: as long as a message needs there and back. */
class Breathe implements fc.AsyncCommand<Model, Real> {
  constructor(readonly roundTrip: () => Promise<void>) {}
  check = () => true;
  run = () => this.roundTrip();
  toString = () => "breathe";
}

function steps(roundTrip: () => Promise<void>) {
  const end = fc.constantFrom<End[]>(0, 1);
  const size = fc.oneof(
    fc.integer({ min: 1, max: 100 }),
    fc.integer({ min: 1, max: 20_000 }),
    fc.integer({ min: 20_000, max: 150_000 }),
  );
  const simple = (name: Step["name"]) => end.map((which) => new Step(which, name));
  const write = fc.tuple(end, size).map(([which, bytes]) => new Step(which, "write", bytes));
  const arbitraries: fc.Arbitrary<fc.AsyncCommand<Model, Real>>[] = [
    write,
    write,
    write,
    simple("closeWrite"),
    simple("pause"),
    simple("resume"),
    fc.constant(new Breathe(roundTrip)),
    fc.constant(new Breathe(roundTrip)),
    simple("reset"),
  ];
  return fc.commands(arbitraries, { maxCommands: 24 });
}

/** Everybody reads on and ends what is open: then every stream comes to its end. */
async function finish(model: Model, real: Real): Promise<void> {
  for (const end of [0, 1] as const) {
    real[end].resume();
    if (model[end].isReset || model[end].isClosed) continue;
    model[end].isClosed = true;
    real[end].closeWrite();
  }
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("The stream did not settle")), SETTLE_MS);
  await Promise.race([Promise.all(real.map((end) => end.settled())), promise]);
  clearTimeout(timer);
}

async function check(reader: FuzzedEnd, sender: EndModel, self: EndModel): Promise<void> {
  const outcome = await reader.outcome;
  assert.equal(reader.fault, undefined);
  assert.ok(reader.received <= sender.written, "more was read than written");
  if (outcome === "clean end") {
    assert.ok(sender.isClosed, "a clean end that nobody sent");
    assert.equal(reader.received, sender.written, "a clean end before all was read");
  } else {
    assert.ok(sender.isReset || self.isReset, "an error though nobody reset");
  }
}

Deno.test("streams do what the model of a stream allows, whatever both ends do", async () => {
  await using pair = await startPair(WINDOWS);
  const [ping, pong] = await pair.openStream();
  const roundTrip = async () => {
    await ping.write(Uint8Array.of(1));
    await pong.read();
    await pong.write(Uint8Array.of(1));
    await ping.read();
  };
  const consumption = fc.constantFrom<Consumption[]>("pull", "events");
  const property = fc.asyncProperty(
    fc.tuple(consumption, consumption),
    steps(roundTrip),
    async ([nearBy, farBy], commands) => {
      const [near, far] = await openStream(pair.near, pair.far);
      const model: Model = [newModel(), newModel()];
      const real: Real = [
        new FuzzedEnd(near, nearBy, { sends: 1, expects: 2 }),
        new FuzzedEnd(far, farBy, { sends: 2, expects: 1 }),
      ];
      await fc.asyncModelRun(() => ({ model, real }), commands);
      await finish(model, real);
      await check(real[0], model[1], model[0]);
      await check(real[1], model[0], model[1]);
      assert.deepEqual([pair.near.streams, pair.far.streams], [[ping], [pong]]);
    },
  );
  const seed = SEED === undefined ? {} : { seed: Number(SEED) };
  await fc.assert(property, { numRuns: RUNS, ...seed });
});

function newModel(): EndModel {
  return { written: 0, isClosed: false, isReset: false };
}
