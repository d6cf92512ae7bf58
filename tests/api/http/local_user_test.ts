import assert from "node:assert/strict";
import { listen } from "../../../src/api/http/listen.ts";
import { type CallerEnds, LocalUser, ownerOf } from "../../../src/api/http/local_user.ts";

/** As Linux prints them: two users, one of them by IPv6, and sockets that nobody holds any more. */
const TABLES = `
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0C3B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0
   1: 0100007F:D431 0100007F:0C3B 01 00000000:00000000 00:00000000 00000000  1000        0 22 1 0
  12: 0100007F:0C3B 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 33 1 0
  13: 0100007F:D432 0100007F:0C3B 05 00000000:00000000 00:00000000 00000000     0        0 0 1 0
  14: 0100007F:D433 0100007F:0C3B 01 00000000:00000000 00:00000000 00000000     0        0 0 1 0
   0: 00000000000000000000000001000000:D434 00000000000000000000000001000000:0C3B 01 00000000:00000000 00:00000000 00000000  1001        0 44 1 0
   1: 0000000000000000FFFF00000100007F:D435 0000000000000000FFFF00000100007F:0C3B 01 00000000:00000000 00:00000000 00000000  1002        0 55 1 0
`;

function ends(remotePort: number, remoteAddress = "127.0.0.1", localAddress = remoteAddress) {
  return { remoteAddress, remotePort, localAddress, localPort: 3_131 };
}

Deno.test("ownerOf() finds who holds the caller's end, and nobody where it is not established", () => {
  const table: [string, CallerEnds, number | null][] = [
    ["another user", ends(0xd431), 1_000],
    ["the same by a mapped address", ends(0xd431, "::ffff:127.0.0.1"), 1_000],
    ["IPv6", ends(0xd434, "::1"), 1_001],
    ["IPv6 that carries IPv4", ends(0xd435), 1_002],
    ["closed by its process, and so listed as root's", ends(0xd432), null],
    ["nobody's", ends(0xd433), null],
    ["not there", ends(0xd436), null],
    ["beyond loopback", ends(0xd431, "192.168.1.5"), null],
    ["to an address beyond loopback", ends(0xd431, "127.0.0.1", "192.168.1.5"), null],
    ["another address of loopback", ends(0xd431, "127.0.0.2", "127.0.0.1"), null],
    ["no address", {}, null],
  ];
  for (const [name, connection, owner] of table) {
    assert.equal(ownerOf(TABLES, connection), owner, name);
  }
});

Deno.test("LocalUser recognises its own user, looks a connection up once, and else nobody", async () => {
  let looks = 0;
  const tables = () => {
    looks++;
    return Promise.resolve(TABLES);
  };
  const own = new LocalUser(1_000, tables);
  const connection = ends(0xd431);
  assert.equal(await own.isOwn(connection), true);
  assert.equal(await own.isOwn(connection), true);
  assert.equal(looks, 1);
  assert.equal(await own.isOwn(ends(0xd434, "::1")), false);
  // In a container everybody else is the same nobody.
  for (const uid of [0, 1_001, 65_534, null]) {
    assert.equal(await new LocalUser(uid, tables).isOwn(ends(0xd431)), false, `${uid}`);
  }
  const unreadable = new LocalUser(1_000, () => Promise.reject(new Error("no /proc")));
  assert.equal(await unreadable.isOwn(ends(0xd431)), false);
});

Deno.test({
  name: "LocalUser recognises a real connection of this process, by IPv4 and IPv6",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const own = new LocalUser(Deno.uid());
    const other = new LocalUser((Deno.uid() ?? 0) + 1);
    for (const hostname of ["127.0.0.1", "::1", "::"]) {
      const onError = () => new Response(null, { status: 500 });
      const address = { hostname, port: 0, flag: "--port", onError };
      const server = await listen(
        address,
        async (_, { connection }) =>
          Response.json([await own.isOwn(connection), await other.isOwn(connection)]),
      );
      const urls = [server.url];
      if (hostname === "::") urls.push(server.url.replace("[::1]", "127.0.0.1"));
      for (const url of urls) assert.deepEqual(await (await fetch(url)).json(), [true, false], url);
      await server.stop(0);
    }
  },
});
