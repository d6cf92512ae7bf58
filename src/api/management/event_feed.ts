import { EVENT_BACKLOG, KEEP_ALIVE_MS } from "../base/defaults.ts";
import type { ManagementNode, NodeEvent } from "../base/types.ts";

/** One event as it goes over the wire. */
interface Frame {
  readonly number: number;
  readonly type: NodeEvent["type"];
  readonly bytes: Uint8Array;
}

const KEEP_ALIVE = new TextEncoder().encode(": keep-alive\n\n");

export interface FeedOptions {
  /** Tells this run's event ids from an earlier run's. */
  readonly runId: string;
  /** Ends every stream. */
  readonly closing?: AbortSignal | undefined;
  readonly keepAliveMs?: number;
}

/** The node's events as Server-Sent Events, encoded once for all who listen. Lives as long as its node. */
export class EventFeed {
  readonly #node: ManagementNode;
  readonly #options: FeedOptions;
  readonly #subscribers = new Set<Subscriber>();
  /** The events that a returning console has missed; it gets a whole status in any case. */
  readonly #recent: Frame[] = [];
  #count = 0;

  constructor(node: ManagementNode, options: FeedOptions) {
    this.#node = node;
    this.#options = options;
    node.subscribe((event) => this.#publish(event));
    options.closing?.addEventListener("abort", () => this.#close(), { once: true });
  }

  /** The events after `lastEventId` that are still known, the whole status, and all that follows. */
  open(lastEventId: string | null): ReadableStream<Uint8Array> {
    let subscriber: Subscriber | undefined;
    // Nothing is held for an answer whose body nobody reads, as that of HEAD.
    return new ReadableStream({
      pull: (controller) => {
        subscriber ??= this.#subscribe(lastEventId);
        return subscriber.deliver(controller);
      },
      cancel: () => {
        if (subscriber !== undefined) this.#end(subscriber);
      },
    }, { highWaterMark: 0 });
  }

  #subscribe(lastEventId: string | null): Subscriber {
    const first = [...this.#after(lastEventId), this.#frame(this.#statusNow())];
    const subscriber = new Subscriber(first, {
      keepAliveMs: this.#options.keepAliveMs ?? KEEP_ALIVE_MS,
      onEnd: this.#node.watch(),
    });
    if (this.#options.closing?.aborted) subscriber.end();
    else this.#subscribers.add(subscriber);
    return subscriber;
  }

  #end(subscriber: Subscriber): void {
    subscriber.end();
    this.#subscribers.delete(subscriber);
  }

  #close(): void {
    for (const subscriber of this.#subscribers) this.#end(subscriber);
  }

  #publish(event: NodeEvent): void {
    const frame = this.#frame(event);
    if (frame.type !== "status") keepLast(this.#recent, frame);
    for (const subscriber of this.#subscribers) subscriber.push(frame);
  }

  #statusNow(): NodeEvent {
    return { type: "status", status: this.#node.status() };
  }

  #frame(event: NodeEvent): Frame {
    const number = ++this.#count;
    const id = `${this.#options.runId}-${number}`;
    const text = `event: ${event.type}\nid: ${id}\ndata: ${JSON.stringify(dataOf(event))}\n\n`;
    return { number, type: event.type, bytes: new TextEncoder().encode(text) };
  }

  #after(lastEventId: string | null): readonly Frame[] {
    const prefix = `${this.#options.runId}-`;
    if (!lastEventId?.startsWith(prefix)) return [];
    const last = Number(lastEventId.slice(prefix.length));
    return this.#recent.filter(({ number }) => number > last);
  }
}

/** The content of an event; its name is sent beside it. */
function dataOf(event: NodeEvent): unknown {
  switch (event.type) {
    case "status":
      return event.status;
    case "log":
      return event.line;
    case "request":
      return event.request;
    case "pairing":
      return event.pairing;
    case "progress":
    case "peer": {
      const { type: _type, ...rest } = event;
      return rest;
    }
  }
}

interface SubscriberOptions {
  readonly keepAliveMs: number;
  readonly onEnd: () => void;
}

/** One console. Its unread events are bounded: it gets the latest status, and the newest of all other events. */
class Subscriber {
  readonly #waiting: Frame[];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #onEnd: () => void;
  #silent = false;
  #ended = false;
  #wake: () => void = () => {};

  constructor(first: readonly Frame[], { keepAliveMs, onEnd }: SubscriberOptions) {
    this.#waiting = [...first];
    this.#onEnd = onEnd;
    this.#timer = setInterval(() => this.#keepAlive(), keepAliveMs);
  }

  push(frame: Frame): void {
    if (frame.type === "status") this.#dropOlderStatus();
    keepLast(this.#waiting, frame);
    this.#wake();
  }

  /** Hands over the next event once there is one. */
  async deliver(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    while (!this.#ended && this.#waiting.length === 0 && !this.#silent) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#ended) return controller.close();
    controller.enqueue(this.#waiting.shift()?.bytes ?? KEEP_ALIVE);
    this.#silent = false;
  }

  end(): void {
    clearInterval(this.#timer);
    if (!this.#ended) this.#onEnd();
    this.#ended = true;
    this.#wake();
  }

  #keepAlive(): void {
    this.#silent = true;
    this.#wake();
  }

  #dropOlderStatus(): void {
    const older = this.#waiting.findIndex(({ type }) => type === "status");
    if (older !== -1) this.#waiting.splice(older, 1);
  }
}

function keepLast(frames: Frame[], frame: Frame): void {
  frames.push(frame);
  if (frames.length > EVENT_BACKLOG) frames.shift();
}
