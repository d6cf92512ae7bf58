import "../mesh/leak_guard.ts";
import assert from "node:assert/strict";
import { chat } from "../support/api_calls.ts";
import { Fleet, plansOf } from "../support/fleet_here.ts";
import { answerTo, nodeTest, QUESTION, until, warm } from "./mesh_of_nodes.ts";

/** Far more than a model's slots: a minute's average passes what is hot within seconds. */
const CALLERS = 48;

nodeTest("a model that is asked for a lot gains a replica that nobody asks for", async () => {
  await using fleet = await Fleet.open();
  const first = await fleet.start("first", ["x"], { serving: { models: ["x", "y"] } });
  const join = first.ready.token;
  const second = await fleet.start("second", ["y"], {
    serving: { models: ["y"] },
    mesh: { join },
  });
  await until(first, "x and y", (seen) => warm("x")(seen) && warm("y")(seen));
  // It hears of one member after the other, so with both on its disk its first choice would be chance.
  // It has memory for one of them, so that it has to give up x for y.
  const engine = { maxRamBytes: 15_000_000 };
  const third = await fleet.start("third", ["x"], { mesh: { join }, engine });
  const instancesOf = (model: string, count: number) =>
    until(
      second,
      `${count} of ${model}`,
      ({ models }) =>
        models.some(({ name, instances }) =>
          name === model && instances.filter(({ state }) => state === "warm").length === count
        ),
    );
  await instancesOf("x", 2);
  await fleet.bring("third", "y");
  await using _callers = new Callers(() => chat(second.ready.api, QUESTION, { model: "y" }));
  await instancesOf("y", 2);
  const [before, move] = plansOf(third).filter(({ model }) => model !== null);
  assert.equal(before?.model, "x");
  assert.equal(
    move?.message,
    "Loading y on this machine instead of x: it is asked for more than its instances can answer",
  );
  for (const model of ["x", "y"]) {
    assert.equal(await chat(third.ready.api, QUESTION, { model }), answerTo(QUESTION));
  }
});

/** Ask the same again and again, all at once, until their scope ends. */
class Callers implements AsyncDisposable {
  #stopped = false;
  readonly #asking: Promise<void[]>;

  constructor(ask: () => Promise<string>) {
    this.#asking = Promise.all(Array.from({ length: CALLERS }, () => this.#repeat(ask)));
  }

  async #repeat(ask: () => Promise<string>): Promise<void> {
    while (!this.#stopped) assert.equal(await ask(), answerTo(QUESTION));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#asking;
  }
}
