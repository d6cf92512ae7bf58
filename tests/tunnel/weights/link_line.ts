import { getLogger, type Logger } from "@logtape/logtape";
import { RpcCommand } from "../../../src/tunnel/rpc_wire/commands.ts";
import { hasReply, layoutOf, type RpcLayout } from "../../../src/tunnel/rpc_wire/layouts.ts";
import { WireDecoder } from "../../../src/tunnel/rpc_wire/wire_decoder.ts";
import { HostLink } from "../../../src/tunnel/weights/host_link.ts";
import { newRpcCounts, type RpcCounts } from "../../../src/tunnel/weights/rpc_counts.ts";
import { WorkerLink } from "../../../src/tunnel/weights/worker_link.ts";
import type { WeightSource } from "../../../src/tunnel/weights/weight_source.ts";
import { reply } from "../rpc_wire/frames.ts";
import { readExactlyFrom } from "./read_exactly.ts";
import { endOf, Pipe } from "./pipe.ts";

export interface LineOptions {
  readonly host: WeightSource;
  readonly worker: WeightSource;
  /** @default {true} */
  readonly agree?: boolean;
  readonly version?: readonly [number, number, number];
  /** How chunks are cut on their way to each end. */
  readonly cut?: (bytes: Uint8Array) => Uint8Array[];
  readonly translatePort?: (port: number) => number | undefined;
  readonly logger?: Logger;
  /** Of an earlier connection to the same peer. */
  readonly hostCounts?: RpcCounts;
}

/** The reply to one request; the command and how many replies there were before. */
export type Answer = (command: number, index: number) => Uint8Array;

/** Both ends over a stream in memory, with a program at each side that the test plays. */
export class LinkLine {
  /** The bytes that llama-server writes, and those that it reads. */
  readonly asked: Pipe;
  readonly answered: Pipe;
  /** The bytes that rpc-server reads, and those that it writes. */
  readonly served: Pipe;
  readonly replies: Pipe;
  readonly stream: { readonly toWorker: Pipe; readonly toHost: Pipe };
  readonly hostCounts: RpcCounts;
  readonly workerCounts = newRpcCounts();
  readonly running: Promise<void>;
  readonly #layout: RpcLayout | undefined;
  readonly #version: readonly [number, number, number];
  readonly near;

  constructor(options: LineOptions) {
    const { cut, agree = true, version = [8, 0, 0] } = options;
    const pipe = () => new Pipe(cut);
    this.#version = version;
    this.hostCounts = options.hostCounts ?? newRpcCounts();
    this.#layout = layoutOf({ major: version[0], minor: version[1], patch: version[2] });
    [this.asked, this.answered, this.served, this.replies] = [pipe(), pipe(), new Pipe(), pipe()];
    this.stream = { toWorker: pipe(), toHost: pipe() };
    const near = endOf(this.stream.toHost, this.stream.toWorker);
    const far = endOf(this.stream.toWorker, this.stream.toHost);
    this.near = near;
    const common = { peer: "peer", logger: options.logger ?? getLogger("test") };
    const host = new HostLink(endOf(this.asked, this.answered), near, {
      ...common,
      weights: options.host,
      counts: this.hostCounts,
    });
    const worker = new WorkerLink(endOf(this.replies, this.served), far, far, {
      ...common,
      weights: options.worker,
      counts: this.workerCounts,
      agree,
      translatePort: options.translatePort ?? (() => undefined),
    });
    const end = (error: Error) => {
      for (const one of [near, far]) one.reset(error);
      for (const one of [this.asked, this.answered, this.served, this.replies]) one.break(error);
      throw error;
    };
    const directions = [host.toWorker(), host.toHost(), worker.toHost(), worker.toRpcServer()];
    this.running = Promise.all(directions.map((direction) => direction.catch(end)))
      .then(() => undefined)
      .finally(() => worker.end());
    this.running.catch(() => {});
  }

  /** Plays rpc-server to the end of what it is asked; answers everything that it was sent. */
  async serve(answer: Answer): Promise<Uint8Array> {
    const decoder = new WireDecoder("requests", () => 0);
    const received: Uint8Array[] = [];
    let replied = 0;
    let command = -1;
    for (let bytes = await this.served.read(); bytes !== null; bytes = await this.served.read()) {
      received.push(bytes);
      for (const event of decoder.push(bytes)) {
        if (event.kind === "head") command = event.command;
        if (event.rest > 0) continue;
        const replies = this.#layout === undefined || hasReply(this.#layout, command);
        if (replies) await this.replies.write(answer(command, replied++));
      }
    }
    await this.replies.closeWrite();
    return new Uint8Array(await new Blob(received as BlobPart[]).arrayBuffer());
  }

  /** An rpc-server that knows nothing by hash and gives eight zeros to other questions. */
  serveSimply(): Promise<Uint8Array> {
    return this.serve((command) => {
      if (command === RpcCommand.HELLO) return this.hello();
      return reply(new Uint8Array(command === RpcCommand.SET_TENSOR_HASH ? 1 : 8));
    });
  }

  hello(): Uint8Array {
    const [major] = this.#version;
    const payload = new Uint8Array(major === 3 ? 3 : 28).fill(major === 3 ? 0 : 0x77);
    payload.set(this.#version);
    return reply(payload);
  }

  /** One request of llama-server's, and the payload of its reply. */
  async ask(frame: Uint8Array): Promise<Uint8Array> {
    await this.asked.write(frame);
    return await this.nextReply();
  }

  async nextReply(): Promise<Uint8Array> {
    const size = await readExactlyFrom(this.answered, 8);
    return await readExactlyFrom(
      this.answered,
      Number(new DataView(size.buffer).getBigUint64(0, true)),
    );
  }
}
