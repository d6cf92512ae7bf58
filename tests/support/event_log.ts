/** The log of a process that writes one JSON object a line, as something to wait on. */

/** One line of `--log-format json`. */
export interface LoggedLine {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface WaitOptions {
  /** @default {60000} */
  readonly timeoutMs?: number;
  /** The name of the event that is waited for, in a failure. */
  readonly description?: string;
  /** Looks at lines from this number on: `since: node.lines.length` means "from now on". */
  readonly since?: number;
}

/** A cold start on a busy machine; what fails ends the wait before. */
const TIMEOUT_MS = 60_000;

/** Lines of the log and characters of standard error that a failure shows. */
const TAIL_LINES = 15;
const TAIL_CHARACTERS = 4_000;

export class EventLog {
  readonly lines: LoggedLine[] = [];
  /** Resolves when the process and all that had its output have closed it. */
  readonly closed: Promise<void>;
  readonly #name: string;
  readonly #watchers = new Set<() => void>();
  #stderr = "";
  #ended = false;

  constructor(name: string, child: Deno.ChildProcess) {
    this.#name = name;
    const output = this.#readLines(child.stdout);
    const errors = this.#readErrors(child.stderr);
    this.closed = Promise.all([output, errors]).then(() => {});
    child.status.then(() => output).then(() => {
      this.#ended = true;
      this.#notify();
    });
  }

  waitFor(
    wanted: string | ((line: LoggedLine) => boolean),
    { timeoutMs = TIMEOUT_MS, description, since = 0 }: WaitOptions = {},
  ): Promise<LoggedLine> {
    const matches = typeof wanted === "string"
      ? (line: LoggedLine) => line.event === wanted
      : wanted;
    const what = description ?? (typeof wanted === "string" ? wanted : "a line");
    const { promise, resolve, reject } = Promise.withResolvers<LoggedLine>();
    let next = since;
    const look = () => {
      const found = this.lines.slice(next).find(matches);
      next = Math.max(next, this.lines.length);
      if (found !== undefined) resolve(found);
      else if (this.#ended) reject(this.#failure(`ended before ${what}`));
    };
    const timer = setTimeout(
      () => reject(this.#failure(`did not log ${what} within ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.#watchers.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#watchers.delete(look);
    });
  }

  async #readLines(stream: Deno.ChildProcess["stdout"]): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines.map(parseLine));
      this.#notify();
    }
  }

  async #readErrors(stream: Deno.ChildProcess["stdout"]): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#stderr = (this.#stderr + text).slice(-TAIL_CHARACTERS);
    }
  }

  #notify(): void {
    for (const look of [...this.#watchers]) look();
  }

  #failure(what: string): Error {
    const tail = this.lines.slice(-TAIL_LINES).map((line) => JSON.stringify(line)).join("\n");
    return new Error(`${this.#name} ${what}\n${tail}\nstderr:\n${this.#stderr}`);
  }
}

/** A line that is no JSON breaks the contract, and shows itself wherever the log is shown. */
function parseLine(line: string): LoggedLine {
  try {
    return JSON.parse(line);
  } catch {
    return { time: "", level: "error", event: "not-json", message: line };
  }
}
