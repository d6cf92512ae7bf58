/** Executables of earlier versions beside today's nodes, and the update of such a mesh node by node: real processes. */

import assert from "node:assert/strict";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import type { RelayView, Status } from "../../src/api/mod.ts";
import { holdsAll } from "../support/earlier_programs.ts";
import type { NodeProcess } from "../support/node_process.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { startRelayProcess } from "../support/relay_process.ts";
import { keepAsking, type Requests } from "./constant_requests.ts";
import { EARLIER, earlierTest, type TwoVersions } from "./earlier_nodes.ts";
import { answerTo, QUESTION, until } from "./mesh_of_nodes.ts";

const TODAY = manifest.version;
const HOST = ["--model", "guide", "--split", "--max-vram", "2"];
const WORKER = ["--max-vram", "1"];
const CLIENT = ["--client"];

for (const earlier of EARLIER) {
  const { version } = earlier;
  earlierTest(
    `a mesh of ${version} takes in today's nodes, is updated node by node, and loses no request`,
    earlier,
    async (start) => {
      await using folder = await temporaryFolder();
      await using stack = new AsyncDisposableStack();
      const mesh = new MixedMesh(folder.path, stack, start);
      const host = await mesh.earlier("host", HOST);
      const [worker, client, newcomer] = await Promise.all([
        mesh.earlier("worker", [...WORKER, "--join", host.token]),
        mesh.earlier("client", [...CLIENT, "--join", host.token]),
        mesh.today("newcomer", [...WORKER, "--join", host.token]),
      ]);
      for (const node of [host, client, newcomer]) {
        await isSplit(node, { host: version, workers: 2 });
      }
      for (const node of [host, worker]) await answers(node);
      await until(worker, "told of the newcomer", has({ host: version, newcomer: TODAY }));
      await until(newcomer, "told what to update", isAdvised(version, ["host", "worker"]));

      const requests = keepAsking([client, newcomer], ["guide"]);
      const updatedHost = await mesh.update(host, HOST, requests);
      assert.equal(updatedHost.ready.node, host.ready.node);
      for (const node of [client, newcomer]) await isSplit(node, { host: TODAY, workers: 2 });
      await answers(worker);
      await until(worker, "told of another version", findsVersionOn("host"));
      await until(updatedHost, "told what to update", isAdvised(version, ["worker"]));
      await takesInLater(mesh, updatedHost);

      const updatedWorker = await mesh.update(worker, [...WORKER, "--join", host.token], requests);
      for (const node of [client, newcomer]) await isSplit(node, { host: TODAY, workers: 2 });
      await answers(updatedWorker);
      await until(updatedHost, "of one version", ({ findings = [] }) => !findings.some(isVersion));
      const { failures, answered } = await requests.stop();
      assert.deepEqual(failures, []);
      assert.ok(answered > 0);

      // Nobody asks a client while it is replaced.
      const others = keepAsking([newcomer, updatedHost], ["guide"]);
      await answers(await mesh.update(client, [...CLIENT, "--join", host.token], others));
      assert.deepEqual((await others.stop()).failures, []);
    },
  );
}

/** A client of the earlier version, by today's token, and a relay, of which that version may know nothing. */
async function takesInLater(mesh: MixedMesh, host: NodeProcess): Promise<void> {
  const relay = await mesh.relay();
  const { claim } = await relay.waitFor("relay");
  const args = ["relay", "add", String(claim), "--json", "--data-dir", host.dataDir];
  const { code, stdout, stderr } = await runProgram(args);
  assert.equal(code, 0, stderr);
  const added: RelayView = JSON.parse(stdout);
  await until(
    host,
    "connected to its relay",
    ({ relays = [] }) => relays.some(({ id, connected }) => id === added.id && connected),
  );
  const later = await mesh.earlier("later", [...CLIENT, "--join", host.token]);
  await isSplit(later, { host: TODAY, workers: 2 });
  await answers(later);
}

/** Nodes of two versions, each with a data directory that outlives it. */
class MixedMesh {
  readonly #folder: string;
  readonly #stack: AsyncDisposableStack;
  readonly #start: TwoVersions;

  constructor(folder: string, stack: AsyncDisposableStack, start: TwoVersions) {
    this.#folder = folder;
    this.#stack = stack;
    this.#start = start;
  }

  async earlier(name: string, args: readonly string[]): Promise<NodeProcess> {
    return this.#stack.use(
      await this.#start.earlier(args, { name, dataDir: join(this.#folder, name) }),
    );
  }

  async today(name: string, args: readonly string[]): Promise<NodeProcess> {
    return this.#stack.use(
      await this.#start.today(args, { name, dataDir: join(this.#folder, name) }),
    );
  }

  /** Today's node on the data of one that is stopped, while others are asked. */
  async update(node: NodeProcess, args: readonly string[], requests: Requests) {
    assert.equal(await node.stop(), 0);
    const updated = await this.today(node.name, args);
    await requests.cycle();
    return updated;
  }

  async relay(): Promise<NodeProcess> {
    const dataDir = join(this.#folder, "relay");
    return this.#stack.use(await startRelayProcess({ dataDir }));
  }
}

/** Once, to the letter; those that are asked all the time are asked in both ways. */
async function answers(node: NodeProcess): Promise<void> {
  assert.equal(await node.chat(QUESTION, { model: "guide" }), answerTo(QUESTION));
}

/** Whether the node knows these machines by their versions. */
function has(versions: Readonly<Record<string, string>>) {
  return ({ peers }: Status) =>
    Object.entries(versions).every(([name, version]) =>
      peers.some((peer) => peer.name === name && peer.version === version)
    );
}

/** The guide is split, as the node sees it, by a host of this version. */
async function isSplit(
  node: NodeProcess,
  { host, workers }: { readonly host: string; readonly workers: number },
): Promise<void> {
  await until(node, `split over ${workers} workers by ${host}`, (status) => {
    const { models, peers } = status;
    const versions = new Map([status.node, ...peers].map(({ id, version }) => [id, version]));
    return models.some(({ name, instances }) =>
      name === "guide" &&
      instances.some((one) =>
        one.state === "warm" && one.mode === "split" && one.workers.length === workers &&
        versions.get(one.host) === host
      )
    );
  });
}

type Finding = NonNullable<Status["findings"]>[number];

const isVersion = ({ about }: Finding) => about === "version";

/** In the words of any version. */
function findsVersionOn(name: string) {
  return ({ findings = [] }: Status) =>
    findings.some((one) => isVersion(one) && one.found.includes(name));
}

/** Today's words: what is old, where, and what to do. */
function isAdvised(version: string, machines: readonly string[]) {
  return ({ findings = [] }: Status) =>
    findings.some((one) => {
      const named = machines.every((name) => one.found.includes(name) && one.remedy.includes(name));
      return isVersion(one) && named && one.found.includes(`${version} on `) &&
        one.remedy.startsWith("Run mesh-llm update on ");
    });
}

Deno.test("an earlier version is compiled with today's packages only where these are the same", () => {
  const [a, b] = [{ integrity: "sha512-a" }, { integrity: "sha512-b" }];
  const ours = { "": {}, "node_modules/a": a, "node_modules/b": b };
  assert.equal(holdsAll(ours, { "": { integrity: "any" }, "node_modules/a": a }), true);
  assert.equal(holdsAll(ours, { "node_modules/a": b }), false);
  assert.equal(holdsAll(ours, { "node_modules/c": a }), false);
});
