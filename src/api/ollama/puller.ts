import type { DownloadStatus, ManagementNode } from "../base/types.ts";

/** The part of the node that fetches models. */
export type PullNode = Pick<ManagementNode, "subscribe" | "modelActions">;

/** A line of `POST /api/pull`. */
export type PullLine =
  | {
    readonly status: string;
    readonly digest?: string;
    readonly total?: number;
    readonly completed?: number;
  }
  | { readonly error: string };

const HOSTS = /^(https?:\/\/)?(hf\.co|huggingface\.co)\/(?=[^/]+\/[^/]+$)/i;

/** The reference by which a model is fetched here: Ollama's clients put the host before Hugging Face's names, and a tag. */
export function referenceOf(asked: string): string {
  return asked.replace(HOSTS, "").replace(/:latest$/, "");
}

/** Fetches models for callers that wait. As with Ollama, a download goes on as long as one of them does. */
export class Puller {
  readonly #node: PullNode;
  /** Callers of each download that a pull has begun. */
  readonly #waiting = new Map<string, number>();

  constructor(node: PullNode) {
    this.#node = node;
  }

  /**
   * Begins a download, or joins it. Its lines come as it goes on, the last one says how it ended.
   * @throws {ModelRefusedError}
   */
  async pull(asked: string, signal: AbortSignal): Promise<AsyncGenerator<PullLine>> {
    const { modelActions } = this.#node;
    const reference = referenceOf(asked);
    const catalog = modelActions.catalog();
    const isHere = catalog.some(({ id, name, places, broken }) =>
      (id === reference || name === reference) && places.includes("disk") && broken === null
    );
    if (isHere) return finished();
    const ran = new Set(
      catalog.flatMap(({ name, download }) => download?.state === "running" ? [name] : []),
    );
    const { name, download } = await modelActions.download(reference);
    const isOurs = this.#waiting.has(name) || !ran.has(name);
    return this.#follow({ name, first: download, isOurs, signal });
  }

  async *#follow({ name, first, isOurs, signal }: {
    readonly name: string;
    readonly first: DownloadStatus;
    readonly isOurs: boolean;
    readonly signal: AbortSignal;
  }): AsyncGenerator<PullLine> {
    const { modelActions } = this.#node;
    if (isOurs) this.#waiting.set(name, (this.#waiting.get(name) ?? 0) + 1);
    const changes = new Changes(this.#node, name, signal);
    let isOver = false;
    try {
      yield { status: "pulling manifest" };
      yield progress(name, first);
      for (;;) {
        const status = modelActions.downloadStatus(name);
        isOver = status?.state !== "running";
        if (status === null) break;
        if (isOver) return yield { error: status.error ?? `The download of ${name} was paused` };
        yield progress(name, status);
        await changes.next();
      }
      await modelActions.refresh();
      yield progress(name, { ...first, receivedBytes: first.totalBytes });
      yield* finished();
    } finally {
      changes.end();
      if (isOurs && this.#left(name) && !isOver) {
        await modelActions.pauseDownload(name).catch(() => {}); // it has ended meanwhile
      }
    }
  }

  /** True for the last caller that waits for it. */
  #left(name: string): boolean {
    const others = (this.#waiting.get(name) ?? 1) - 1;
    if (others > 0) this.#waiting.set(name, others);
    else this.#waiting.delete(name);
    return others === 0;
  }
}

/** Wakes one who waits whenever a download has come further, or its caller has gone. */
class Changes {
  readonly #signal: AbortSignal;
  readonly #unsubscribe: () => void;
  readonly #wake = () => this.#changed.resolve();
  #changed = Promise.withResolvers<void>();

  constructor(node: PullNode, name: string, signal: AbortSignal) {
    this.#signal = signal;
    this.#unsubscribe = node.subscribe((event) => {
      if (event.type === "progress" && event.model === name) this.#wake();
    });
    signal.addEventListener("abort", this.#wake);
  }

  /** @throws the signal's reason. */
  async next(): Promise<void> {
    await this.#changed.promise;
    this.#changed = Promise.withResolvers();
    this.#signal.throwIfAborted();
  }

  end(): void {
    this.#unsubscribe();
    this.#signal.removeEventListener("abort", this.#wake);
  }
}

/** Ollama's clients draw one bar for each digest: the name tells more, and is known. */
function progress(name: string, { totalBytes, receivedBytes }: DownloadStatus): PullLine {
  return {
    status: `pulling ${name}`,
    digest: name,
    total: totalBytes,
    completed: Math.min(receivedBytes, totalBytes),
  };
}

async function* finished(): AsyncGenerator<PullLine> {
  yield { status: "verifying sha256 digest" };
  yield { status: "writing manifest" };
  yield { status: "success" };
}
