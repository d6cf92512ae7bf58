/** The way from a test to what listens on the loopback of a namespace. */

import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { startHelper } from "./helper_program.ts";

/** The bytes that are written first to a door. */
export const PORT_BYTES = 2;

/** Ways into one namespace. */
export class Door implements AsyncDisposable {
  readonly #path: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(readonly pid: number, path: string, stack: AsyncDisposableStack) {
    this.#path = path;
    this.#stack = stack;
  }

  /** @param path of a socket that does not exist yet. */
  static async open(namespace: string, path: string): Promise<Door> {
    const stack = new AsyncDisposableStack();
    const { pid } = stack.use(await startHelper(namespace, "loopback_door.ts", [path]));
    return new Door(pid, path, stack);
  }

  /** The same server by an URL of the test's own loopback, for as long as the door is open. */
  async wayTo(url: string): Promise<string> {
    const port = Buffer.alloc(PORT_BYTES);
    port.writeUInt16BE(Number(new URL(url).port));
    const callers = new Set<Socket>();
    const server = createServer((caller) => {
      callers.add(caller.on("close", () => callers.delete(caller)));
      const inner = connect(this.#path);
      inner.write(port);
      coupled(caller, inner);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.#stack.defer(() => {
      for (const caller of callers) caller.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Bytes that one socket gets go to the other, and neither outlives the other. */
export function coupled(one: Socket, other: Socket): void {
  for (const [from, to] of [[one, other], [other, one]] as const) {
    from.on("error", () => {}).on("close", () => to.destroy());
    from.pipe(to);
  }
}
