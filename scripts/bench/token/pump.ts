/**
 * `pump.ts near|far tcp|tls ADDRESS PORT TARGET_PORT CERTIFICATE KEY`: one end of the plainest relay there is: it reads
 * what has come and writes it. The near end listens on the loopback and connects to the far one, which connects to the
 * rpc-server beside it.
 */

import { sendAtOnce } from "../../../src/mesh/lane/send_at_once.ts";

const [side, how, address = "", port, target, certificate = "", key = ""] = Deno.args;
const READ_BYTES = 64 * 1024;

const listen = side === "near"
  ? Deno.listen({ hostname: "127.0.0.1", port: Number(target) })
  : how === "tls"
  ? Deno.listenTls({
    hostname: address,
    port: Number(port),
    cert: await Deno.readTextFile(certificate),
    key: await Deno.readTextFile(key),
  })
  : Deno.listen({ hostname: address, port: Number(port) });

// Deno has no call for it on a TLS connection, and an answer of two records would wait 40 ms for its end.
if (side === "far" && how === "tls") sendAtOnce(Number(port));

const connect = async (): Promise<Deno.TcpConn | Deno.TlsConn> => {
  if (side === "far") return await Deno.connect({ hostname: "127.0.0.1", port: Number(target) });
  const to = { hostname: address, port: Number(port) };
  const connection = await Deno.connect(to);
  if (how === "tcp") return connection;
  connection.setNoDelay(true);
  const caCerts = [await Deno.readTextFile(certificate)];
  return await Deno.startTls(connection, { hostname: address, caCerts });
};

type Connection = Pick<Deno.Conn, "read" | "write" | "close">;

async function pump(from: Connection, to: Connection): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  for (;;) {
    const length = await from.read(buffer).catch(() => null);
    if (length === null) break;
    for (let at = 0; at < length;) at += await to.write(buffer.subarray(at, length));
  }
  to.close();
}

for await (const one of listen) {
  const other = await connect();
  for (const connection of [one, other]) {
    if ("setNoDelay" in connection) connection.setNoDelay(true);
  }
  for (const [from, to] of [[one, other], [other, one]] as const) pump(from, to).catch(() => {});
}
