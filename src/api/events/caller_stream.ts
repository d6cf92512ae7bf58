import { KEEP_ALIVE_MS } from "../base/defaults.ts";

/** Of the last three exactly one is called. */
export interface CallerEvents {
  passed(chunk: Uint8Array): void;
  /** The answer came whole. */
  completed(): void;
  /** The body did not end. A returned value is sent as the last bytes; without one the connection breaks off. */
  broke(error: unknown): Uint8Array | null;
  /** The caller went away. */
  cancelled(): void;
}

/** The source of the caller's bytes: a generator, or an object that is used like one. */
export interface CallerPieces {
  next(): Promise<IteratorResult<Uint8Array, unknown>>;
  /** Nothing more is wanted. */
  return(value?: undefined): Promise<unknown>;
}

/** A comment: clients of event streams pass it over. */
export const SIGN_OF_LIFE = signOfLife();

/** @param why a sentence for whoever looks at the stream. */
export function signOfLife(why: string | null = null): Uint8Array {
  // A line ends a comment, and names of machines and models are people's.
  const said = why === null ? "waiting" : `waiting: ${why.replaceAll(/[\r\n]/g, " ")}`;
  return new TextEncoder().encode(`: ${said}\n\n`);
}

/**
 * The answer's bytes as the caller reads them: one piece at a time, and none before it is asked for.
 * @param isEvents a caller that waits for long gets a comment now and then.
 * @param sign the comment. @default {() => SIGN_OF_LIFE}
 */
export function callerStream(
  pieces: CallerPieces,
  events: CallerEvents,
  { isEvents, sign = () => SIGN_OF_LIFE }: {
    readonly isEvents: boolean;
    readonly sign?: () => Uint8Array;
  },
): ReadableStream<Uint8Array> {
  let timer: ReturnType<typeof setInterval> | undefined;
  /** Looks since the caller has waited; `null` while it does not. */
  let looks: number | null = null;
  const end = () => clearInterval(timer);
  let isGone = false;
  return new ReadableStream({
    start(controller) {
      if (!isEvents) return;
      timer = setInterval(() => {
        if (looks !== null && ++looks > 1) controller.enqueue(sign());
      }, KEEP_ALIVE_MS);
    },
    async pull(controller) {
      looks = 0;
      try {
        const { value, done } = await pieces.next();
        if (isGone) return;
        looks = null;
        if (done) {
          end();
          events.completed();
          controller.close();
        } else {
          events.passed(value);
          controller.enqueue(value);
        }
      } catch (error) {
        // That what it waited for has been given up is no news.
        if (isGone) return;
        looks = null;
        end();
        const lastWords = events.broke(error);
        // Without them the connection breaks off, so that the caller does not take a part for the whole.
        if (lastWords === null) return controller.error(error);
        controller.enqueue(lastWords);
        controller.close();
      }
    },
    async cancel() {
      isGone = true;
      end();
      events.cancelled();
      await pieces.return(undefined).catch(() => {});
    },
  }, { highWaterMark: 0 });
}
