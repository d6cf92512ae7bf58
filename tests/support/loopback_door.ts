/**
 * A program for a namespace: a process that connects to its Unix socket and writes a port is led to that port of the
 * namespace's loopback. Argument: the socket's path, which all namespaces share.
 */

import { connect, createServer } from "node:net";
import { readyUntilEnd } from "./helper_program.ts";
import { coupled, PORT_BYTES } from "./loopback_way.ts";

const server = createServer((caller) => {
  caller.on("error", () => {});
  caller.once("readable", () => {
    const port = caller.read(PORT_BYTES)?.readUInt16BE();
    if (port === undefined) caller.destroy();
    else coupled(caller, connect(port, "127.0.0.1"));
  });
});
server.listen(Deno.args[0], () => readyUntilEnd());
