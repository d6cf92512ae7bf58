import assert from "node:assert/strict";
import type { RoutingTable } from "../../../src/mesh/mod.ts";
import { TableFollower } from "../../../src/node/ends/table_follower.ts";

const TABLE = {} as RoutingTable;

/** A mesh that answers, or fails to, when the test says so. */
class AskedMesh {
  passive = true;
  /** The milliseconds that each question may wait. */
  readonly waits: (number | undefined)[] = [];
  #asked = Promise.withResolvers<PromiseWithResolvers<RoutingTable>>();

  refreshRoutes({ waitMs, signal }: { waitMs?: number | undefined; signal?: AbortSignal }) {
    const answer = Promise.withResolvers<RoutingTable>();
    signal?.addEventListener("abort", () => answer.reject(signal.reason));
    this.waits.push(waitMs);
    this.#asked.resolve(answer);
    return answer.promise;
  }

  /** The next question. */
  async question(): Promise<PromiseWithResolvers<RoutingTable>> {
    const asked = await this.#asked.promise;
    this.#asked = Promise.withResolvers();
    return asked;
  }
}

Deno.test("A passive node whose callers wait is told of the next table, until nobody waits", async () => {
  const mesh = new AskedMesh();
  let heard = Promise.withResolvers<boolean>();
  const follower = new TableFollower({ mesh, asked: (isAnswered) => heard.resolve(isAnswered) });
  const next = () => (heard = Promise.withResolvers()).promise;
  assert.equal(follower.isCurrent, false);
  const ends = [follower.follow(), follower.follow()];
  (await mesh.question()).resolve(TABLE);
  assert.equal(await heard.promise, true);
  assert.equal(follower.isCurrent, true);
  const failed = next();
  (await mesh.question()).reject(new Error("it has gone"));
  assert.equal(await failed, false);
  assert.equal(follower.isCurrent, false, "whoever waits asks others");
  const answered = next();
  (await mesh.question()).resolve(TABLE);
  assert.equal(await answered, true);
  ends[0]!();
  ends[0]!();
  assert.equal(follower.isCurrent, true, "one waits still");
  const held = (await mesh.question()).promise.catch(() => "given up");
  ends[1]!();
  assert.equal(follower.isCurrent, false);
  assert.equal(await held, "given up");
  assert.deepEqual(
    mesh.waits,
    [undefined, 1_000, 1_000, 1_000],
    "one question for both, then held ones",
  );
});

Deno.test("A node that gossips asks nobody for its own table", () => {
  const mesh = new AskedMesh();
  mesh.passive = false;
  const follower = new TableFollower({ mesh, asked: () => assert.fail("nobody was asked") });
  follower.follow()();
  assert.deepEqual(mesh.waits, []);
});
