/** Five machines at two sites, three models: the sites lose each other, then every machine's node is killed once. */

import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { Status } from "../../src/api/mod.ts";
import { cachedBallast } from "../support/ballast.ts";
import { whyNoNamespaces } from "../support/namespaces.ts";
import { temporaryFolder } from "../support/program.ts";
import { type SharedView, untilAgreed } from "./agreement.ts";
import { keepAsking } from "./constant_requests.ts";
import { nodeTest, until } from "./mesh_of_nodes.ts";
import { type Seat, sitesOfNodes } from "./sites_of_nodes.ts";

/** Partitions with the deaths of every node behind it. */
const ROUNDS = Number(Deno.env.get("MESH_LLM_TEST_ROUNDS") ?? 1);

const MODELS = ["x", "y", "z"];

/** Memory for one of the models on each machine, in GB: with more of it the first one would serve all. */
const MEMORY = ["--max-ram", "0.015"];

/** Each way between the sites. */
const DELAY_MS = 10;

const NAME =
  "five nodes at two sites: a partition heals, each node is killed, and no request is lost";

const reason = await whyNoNamespaces();
if (reason === null) nodeTest(NAME, partitionsAndDeaths);
else Deno.test.ignore(`${NAME} (${reason})`, () => {});

async function partitionsAndDeaths(): Promise<void> {
  await using folder = await temporaryFolder();
  // Files of different sizes that give the same answers.
  for (const [layers, name] of MODELS.entries()) {
    await copyFile(cachedBallast({ layers }), join(folder.path, `${name}.gguf`));
  }
  const network = { udpPort: 47_001, delayMs: DELAY_MS, loss: 0.01, seed: 1 };
  await using sites = await sitesOfNodes({
    ...network,
    machines: [2, 3],
    folder: folder.path,
  });
  const { west, east } = sites;
  const seats = [...west, ...east];
  const [first, ...others] = seats;
  assert.ok(first !== undefined);
  const firstArgs = [...MODELS.flatMap((name) => ["--model", name]), ...MEMORY];
  const { token } = await first.start(firstArgs);
  const joining = ["--join", token, ...MEMORY];
  for (const seat of others) await seat.start(joining);
  await agree(seats);
  await assertFar(west, east);
  for (let round = 0; round < ROUNDS; round++) {
    await partition(sites);
    for (const seat of seats) {
      await death(seat, seats, seat === first ? firstArgs : joining);
    }
  }
  for (const seat of seats) {
    assert.equal(await seat.node.stop(), 0);
    assert.deepEqual(await seat.orphans(), []);
  }
}

/** The sites lose each other and go on alone; what one can't serve alone waits until they meet again. */
async function partition(
  { west, east, cut, mend }: Awaited<ReturnType<typeof sitesOfNodes>>,
): Promise<void> {
  const all = [...west, ...east];
  const requests = asking(all);
  await cut();
  await Promise.all([agree(west), agree(east)]);
  await mend();
  await agree(all);
  await requests.cycle();
  await assertAnswered(requests);
}

/** kill -9, and the same node again. */
async function death(victim: Seat, all: readonly Seat[], args: readonly string[]): Promise<void> {
  const requests = asking(all.filter((seat) => seat !== victim));
  await requests.cycle();
  await victim.kill();
  await requests.cycle();
  assert.deepEqual(await victim.orphans(), []);
  await victim.start(args);
  await agree(all);
  await assertAnswered(requests);
}

function asking(seats: readonly Seat[]) {
  return keepAsking(seats.map(({ node }) => node), MODELS);
}

async function assertAnswered({ stop }: ReturnType<typeof keepAsking>): Promise<void> {
  const { answered, failures } = await stop();
  assert.deepEqual(failures, [], `of ${answered} requests`);
}

/** These nodes see each other and nobody else, and serve as many of the models as they are. */
function agree(seats: readonly Seat[]): Promise<SharedView> {
  const nodes = seats.map(({ node }) => node);
  const ids = nodes.map(({ ready }) => ready.node).sort();
  const wanted = (view: SharedView) => {
    const warm = view.models.filter(({ name, state }) => MODELS.includes(name) && state === "warm");
    return view.nodes.map(({ id }) => id).join() === ids.join() &&
      warm.length === Math.min(MODELS.length, seats.length) &&
      warm.every(({ hosts }) => hosts.every((host) => ids.includes(host)));
  };
  return untilAgreed(nodes, `a mesh of ${nodes.map(({ name }) => name)}`, wanted);
}

/** Whatever passes between the sites passes through the proxy. */
async function assertFar(west: readonly Seat[], east: readonly Seat[]): Promise<void> {
  const far = new Set(east.map(({ node }) => node.ready.node));
  for (const { node } of west) {
    const farOf = ({ peers }: Status) => peers.filter(({ id }) => far.has(id));
    const measured = await until(
      node,
      "aware of how far they are",
      (status) => farOf(status).every(({ rttMs }) => rttMs !== null),
    );
    const rtts = farOf(measured).map(({ rttMs }) => rttMs ?? 0);
    assert.ok(rtts.length === far.size && rtts.every((rttMs) => rttMs >= 2 * DELAY_MS), `${rtts}`);
  }
}
