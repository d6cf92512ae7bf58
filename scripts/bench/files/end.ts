/**
 * One end of a download between two members, in a process of its own. `hold LINK PATH` prints its address and answers
 * for that file; `fetch LINK ADDRESS PATH COPY` brings it, checked and written as a download is, and prints what it took.
 */

import { getLogger } from "@logtape/logtape";
import { setTimeout as delay } from "node:timers/promises";
import type { ByteStream, Mesh } from "../../../src/mesh/mod.ts";
import { loadModel } from "../../../src/models/gguf/local_model.ts";
import { PartFile } from "../../../src/downloads/part_file.ts";
import { Transfer } from "../../../src/downloads/transfer.ts";
import { handleFile } from "../../../src/node/ends/file_host.ts";
import { peerSources } from "../../../src/node/ends/peer_files.ts";
import { cpuSeconds } from "../../../tests/support/processes.ts";
import { say } from "../../run.ts";
import { type LinkName, LINKS } from "../transport/links.ts";

export interface Fetched {
  readonly ms: number;
  readonly cpuSeconds: number;
}

const PEER = "holder";

async function hold(link: LinkName, path: string): Promise<void> {
  const models = [await loadModel(path)];
  const logger = getLogger("bench");
  const address = await LINKS[link].listen((stream) =>
    handleFile(stream as ByteStream, PEER, { models: () => models, logger })
  );
  say(JSON.stringify(address));
  const before = await cpuSeconds(Deno.pid);
  await Deno.stdin.read(new Uint8Array(1));
  say(JSON.stringify(await cpuSeconds(Deno.pid) - before));
  Deno.exit(0);
}

async function fetchFile(
  link: LinkName,
  [address, path, copy]: readonly [string, string, string],
): Promise<void> {
  const { name, sizeBytes, fingerprint } = await loadModel(path);
  const open = await LINKS[link].dial(address);
  const models = [{ name, sizeBytes, fingerprint, needBytes: 0 }];
  const mesh = { members: () => [{ peer: PEER, models }], rttMs: () => 0, open };
  const plan = { name, modelBytes: sizeBytes };
  const sources = peerSources(plan, 0, { mesh: mesh as unknown as Mesh, liars: new Set() });
  await using part = await PartFile.open({ path: copy, sizeBytes, identity: fingerprint });
  const transfer = new Transfer(part, {
    signal: new AbortController().signal,
    onBytes: () => {},
    checkSpace: () => Promise.resolve(),
    pause: (ms) => delay(ms),
  });
  const [startedMs, before] = [performance.now(), await cpuSeconds(Deno.pid)];
  await transfer.fromPeers(sources);
  if (part.missing.length > 0) throw new Error("The file did not come");
  const ms = performance.now() - startedMs;
  const spent = await cpuSeconds(Deno.pid) - before;
  say(JSON.stringify({ ms, cpuSeconds: spent } satisfies Fetched));
  Deno.exit(0);
}

const [what, link, ...rest] = Deno.args as [string, LinkName, string, string, string];
if (what === "hold") await hold(link, rest[0]);
else await fetchFile(link, rest);
