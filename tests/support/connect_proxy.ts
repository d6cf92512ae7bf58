/** A real HTTP proxy that opens tunnels: whatever name is asked for, it leads to one port of this machine. */

import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { coupled } from "./loopback_way.ts";

export interface Tunnelled {
  /** `name:port`, as the proxy was asked. */
  readonly target: string;
  /** The value of `Proxy-Authorization`. */
  readonly authorization: string | null;
}

export interface ConnectProxy extends AsyncDisposable {
  readonly port: number;
  readonly asked: readonly Tunnelled[];
}

/** @param toPort `null` refuses every tunnel */
export async function connectProxy(toPort: number | null): Promise<ConnectProxy> {
  const asked: Tunnelled[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((caller) => {
    sockets.add(caller.on("close", () => sockets.delete(caller)).on("error", () => {}));
    let head = "";
    const read = (bytes: Uint8Array) => {
      head += new TextDecoder("latin1").decode(bytes);
      if (!head.includes("\r\n\r\n")) return;
      caller.off("data", read);
      const [, target = ""] = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head) ?? [];
      const [, authorization = null] = /^proxy-authorization: (.*)\r$/im.exec(head) ?? [];
      asked.push({ target, authorization });
      if (target === "" || toPort === null) {
        caller.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
        return;
      }
      const inner = connect(toPort, "127.0.0.1");
      inner.once("connect", () => {
        caller.write("HTTP/1.1 200 Connection established\r\n\r\n");
        coupled(caller, inner);
      });
    };
    caller.on("data", read);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    asked,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
