/** Machines of the mesh as sources of a download. */

import { watchSilence } from "../../base/watch_silence.ts";
import { Buffer } from "node:buffer";
import type { Announcement, ByteStream, Mesh, PeerId } from "../../mesh/mod.ts";
import { type ChunkSource, FatalSourceError } from "../../downloads/mod.ts";
import { type DownloadPlan } from "../../models/mod.ts";
import {
  FILE_SILENCE_MS,
  MAX_FILE_PEERS,
  PARALLEL_PEER_RANGES,
  SPLIT_RTT_LIMIT_MS,
} from "../plan/defaults.ts";
import { encodeQuestion, type FileQuestion, PeerBytes, YES } from "./file_wire.ts";
import { FILE_PROTOCOL } from "./protocols.ts";

const DIGEST_BYTES = 32;

interface Holder {
  readonly peer: PeerId;
  readonly fingerprint: string;
}

/** Members that have sent wrong bytes of a model. Of one that leaves nothing is kept: it is not asked anyway. */
export class Liars {
  #liars: ReadonlySet<string> = new Set();

  add(peer: string, members: readonly Pick<Announcement, "peer">[]): void {
    const isLiar = (one: string) => one === peer || this.#liars.has(one);
    this.#liars = new Set(members.flatMap((member) => isLiar(member.peer) ? [member.peer] : []));
  }

  has(peer: string): boolean {
    return this.#liars.has(peer);
  }
}

export interface PeerFilesOptions {
  readonly mesh: Mesh;
  readonly liars: Pick<Liars, "has">;
}

/**
 * Members that announce the model and are near enough to share one. Which bytes are right is for the repository's SHA-256 to say;
 * until the file is whole, each chunk of one member is held against another's digest where there are two.
 */
export function peerSources(
  plan: Pick<DownloadPlan, "name" | "modelBytes">,
  shard: number,
  { mesh, liars }: PeerFilesOptions,
): ChunkSource[] {
  const near = mesh.members().filter(({ peer }) =>
    !liars.has(peer) && (mesh.rttMs(peer) ?? 0) <= SPLIT_RTT_LIMIT_MS
  );
  const holders = agreeing(near, plan).slice(0, MAX_FILE_PEERS);
  return holders.map((holder, index) =>
    new PeerSource(mesh, shard, holder, holders[(index + 1) % holders.length] ?? holder)
  );
}

/** Those who have the same file, of the several that may go by that name the most common one. Pure. */
export function agreeing(
  members: readonly Pick<Announcement, "peer" | "models">[],
  { name, modelBytes }: Pick<DownloadPlan, "name" | "modelBytes">,
): Holder[] {
  const holders = members.flatMap(({ peer, models }) =>
    models.filter((model) => model.name === name && model.sizeBytes === modelBytes)
      .map(({ fingerprint }) => ({ peer, fingerprint }))
  );
  const groups = Map.groupBy(holders, ({ fingerprint }) => fingerprint);
  return [...groups.values()].toSorted((a, b) => b.length - a.length)[0] ?? [];
}

/** One member that has the file, and another that is asked whether its bytes are right. */
class PeerSource implements ChunkSource {
  readonly name: string;
  readonly parallel = PARALLEL_PEER_RANGES;
  readonly #mesh: Mesh;
  readonly #shard: number;
  readonly #holder: Holder;
  readonly #witness: Holder;

  constructor(mesh: Mesh, shard: number, holder: Holder, witness: Holder) {
    this.name = holder.peer;
    this.#mesh = mesh;
    this.#shard = shard;
    this.#holder = holder;
    this.#witness = witness;
  }

  async *read(offset: number, length: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    yield* this.#ask(this.#holder, { offset, length, want: "bytes" }, length, signal);
  }

  /** Never from the one that sent the bytes. */
  async expected(
    { offset, length }: { readonly offset: number; readonly length: number },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (this.#witness.peer === this.#holder.peer) return undefined;
    const parts: Uint8Array[] = [];
    try {
      const question = { offset, length, want: "digest" } as const;
      const answer = this.#ask(this.#witness, question, DIGEST_BYTES, signal);
      for await (const bytes of answer) parts.push(bytes.slice());
    } catch {
      signal.throwIfAborted();
      return undefined; // it is gone or no longer has the file: the whole file's digest will tell
    }
    return Buffer.concat(parts).toString("hex");
  }

  async *#ask(
    { peer, fingerprint }: Holder,
    question: Pick<FileQuestion, "offset" | "length" | "want">,
    answerBytes: number,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const stream = await this.#mesh.open(peer, FILE_PROTOCOL, { signal });
    const onAbort = () => stream.reset(new Error("No longer needed"));
    signal.addEventListener("abort", onAbort, { once: true });
    const silent = () => stream.reset(new Error(`${peer} sent nothing for too long`));
    const asked = { fingerprint, shard: this.#shard, ...question };
    try {
      yield* watchSilence(
        answerOf(stream, { peer, question: asked, answerBytes }),
        FILE_SILENCE_MS,
        silent,
      );
    } finally {
      signal.removeEventListener("abort", onAbort);
      stream.reset(new Error("It was read to its end")); // safe after a close
    }
  }
}

async function* answerOf(
  stream: ByteStream,
  { peer, question, answerBytes }: {
    readonly peer: PeerId;
    readonly question: FileQuestion;
    readonly answerBytes: number;
  },
): AsyncGenerator<Uint8Array> {
  await stream.write(encodeQuestion(question));
  const bytes = new PeerBytes(stream);
  const [answer] = await bytes.take(1);
  if (answer !== YES) throw new FatalSourceError(`${peer} no longer has the file`);
  for (let rest = answerBytes; rest > 0;) {
    const part = await bytes.next(rest);
    if (part === null) throw new Error(`${peer} ended its answer early`);
    rest -= part.length;
    yield part;
  }
}
