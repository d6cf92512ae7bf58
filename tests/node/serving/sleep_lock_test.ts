import { SERVING_DEFAULTS } from "../../../src/node/plan/config.ts";
import assert from "node:assert/strict";
import { configure, getLogger, type LogRecord, reset } from "@logtape/logtape";
import type { Announcement, Instance, Obedience } from "../../../src/mesh/mod.ts";
import {
  RELEASE_AFTER_MS,
  servesOthers,
  SleepLock,
  sleepLockCommand,
} from "../../../src/node/serving/sleep_lock.ts";
import { type Logind, startLogind, whyNoLogind } from "../../support/logind.ts";

const HELD = "mesh-llm: sleep:idle";
const logger = getLogger("test");
const reason = await whyNoLogind();

function lockAt({ env }: Pick<Logind, "env">): SleepLock {
  const variables = Object.entries(env).map((pair) => pair.join("="));
  return new SleepLock({
    command: ["env", ...variables, ...sleepLockCommand(SERVING_DEFAULTS, "linux")!],
    logger,
  });
}

Deno.test({
  name: `sleep is held off while a node serves others, and a minute longer ${reason ?? ""}`,
  ignore: reason !== null,
  async fn() {
    await using logind = await startLogind();
    const lock = lockAt(logind);
    lock.check(false, 0);
    assert.equal(lock.isHeld, false);
    lock.check(true, 1_000);
    await logind.heldBy(HELD);
    // Its own word may come after logind's.
    while (!lock.isHeld) await new Promise((again) => setTimeout(again, 1));
    lock.check(true, 2_000);
    lock.check(false, 1_999 + RELEASE_AFTER_MS);
    await logind.heldBy(HELD);
    lock.check(false, 2_000 + RELEASE_AFTER_MS);
    await logind.heldBy();
    lock.check(true, 200_000);
    await logind.heldBy(HELD);
    await lock.release();
    await logind.heldBy();
    await lock.release();
  },
});

Deno.test("a machine that refuses to be kept awake is asked once, and the log says so once", async () => {
  for (
    const [command, expected] of [
      [["/nowhere/systemd-inhibit"], "there is no /nowhere/systemd-inhibit"],
      [
        ["sh", "-c", "echo 'Failed to inhibit: Access denied' >&2; exit 1"],
        "Failed to inhibit: Access denied",
      ],
      [["false"], "false ended with 1"],
    ] as const
  ) {
    const told = Promise.withResolvers<LogRecord>();
    let lines = 0;
    const sink = (record: LogRecord) => {
      lines++;
      told.resolve(record);
    };
    await configure({
      sinks: { sink },
      loggers: [{ category: "test", sinks: ["sink"] }, {
        category: ["logtape", "meta"],
        sinks: [],
      }],
    });
    const lock = new SleepLock({ command, logger });
    lock.check(true, 0);
    assert.equal((await told.promise).properties.reason, expected);
    lock.check(true, 1);
    assert.equal(lock.isHeld, false);
    assert.equal(lines, 1);
    await lock.release();
    await reset();
  }
});

Deno.test("a lock that the system neither grants nor refuses holds up nobody's end", async () => {
  const lock = new SleepLock({ command: ["sleep", "1000"], logger });
  lock.check(true, 0);
  await lock.release();
  assert.equal(lock.isHeld, false);
});

Deno.test("a system without a way to hold off sleep is left alone", () => {
  assert.equal(sleepLockCommand(SERVING_DEFAULTS, "freebsd"), null);
  const lock = new SleepLock({ command: null, logger });
  lock.check(true, 0);
  assert.equal(lock.isHeld, false);
});

Deno.test("servesOthers() needs something that is served, and somebody to serve", () => {
  const mesh = (members: number, clients: number) => ({
    members: () => Array<Announcement>(members),
    clientsConnected: () => clients,
  });
  const instance = (state: Instance["state"]) => ({ instance: { state } as Instance, obeys: null });
  const worker = { instance: null, obeys: { host: "a", term: 1, ready: true } as Obedience };
  const nothing = { instance: null, obeys: null };
  assert.equal(servesOthers([instance("warm")], mesh(0, 0)), false);
  assert.equal(servesOthers([instance("warm")], mesh(1, 0)), true);
  assert.equal(servesOthers([instance("warm")], mesh(0, 1)), true);
  assert.equal(servesOthers([instance("loading")], mesh(1, 0)), true);
  assert.equal(servesOthers([instance("waiting")], mesh(1, 0)), false);
  assert.equal(servesOthers([worker], mesh(1, 0)), true);
  assert.equal(servesOthers([nothing], mesh(9, 9)), false);
});
