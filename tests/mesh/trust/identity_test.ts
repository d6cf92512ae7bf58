import assert from "node:assert/strict";
import { join } from "node:path";
import { getLogger } from "@logtape/logtape";
import {
  BoundToOtherMeshError,
  DataDirectoryError,
  InvalidTokenError,
  NotAllowedError,
} from "../../../src/mesh/base/errors.ts";
import {
  type Identity,
  type IdentityOptions,
  openIdentity,
} from "../../../src/mesh/trust/identity.ts";
import { formatAddress } from "../../../src/mesh/base/addresses.ts";
import { encodeToken, makeInvite } from "../../../src/mesh/trust/token.ts";
import type { MemberRole } from "../../../src/mesh/base/roles.ts";

const NOW = 1_700_000_000_000;

interface OpenOptions extends Partial<IdentityOptions> {
  /** An invite. */
  readonly token?: string;
  readonly leave?: boolean;
  readonly bindPort?: number;
}

/** Some data directories that are removed with the scope. */
class Directories implements Disposable {
  readonly #root = Deno.makeTempDirSync({ prefix: "mesh-test-" });

  path(name: string): string {
    return join(this.#root, name);
  }

  /** The files in a directory, empty if there is none. */
  files(name: string): Record<string, string> {
    try {
      const names = [...Deno.readDirSync(this.path(name))].map((entry) => entry.name).sort();
      return Object.fromEntries(
        names.map((n) => [n, Deno.readTextFileSync(join(this.path(name), n))]),
      );
    } catch {
      return {};
    }
  }

  open(name: string, options: OpenOptions = {}): Promise<Identity> {
    const { token: join = null, leave = false, bindPort = null, ...others } = options;
    return openIdentity({
      config: { join, leave, bindPort },
      dataDir: this.path(name),
      role: "member",
      name,
      now: NOW,
      logger: getLogger("test"),
      ...others,
    });
  }

  /** Opens and writes, like a start that goes well. */
  async start(name: string, options: OpenOptions = {}): Promise<Identity> {
    const identity = await this.open(name, options);
    await identity.save(identity.port ?? 4_500);
    return identity;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#root, { recursive: true });
  }
}

function invite(
  inviter: Identity,
  role: MemberRole = "member",
  expiresAt: number | null = null,
): string {
  const { binding: { credential }, key: signer } = inviter;
  const grant = { role, name: null, mayInvite: false, expiresAt };
  const addresses = [formatAddress({ ip: "10.0.0.1", port: 4_500, peer: inviter.peer })];
  const invite = makeInvite({ credential, signer, grant, now: NOW });
  return encodeToken({ meshKey: credential.meshKey, addresses, ...invite });
}

Deno.test("a second start has the same key, mesh and port, and a higher incarnation whatever the clock says", async () => {
  using directories = new Directories();
  const first = await directories.start("a");
  const later = await directories.start("a", { now: NOW + 60_000 });
  const earlier = await directories.start("a", { now: 5 });
  for (const again of [later, earlier]) {
    assert.equal(again.peer, first.peer);
    assert.equal(again.meshId, first.meshId);
    assert.equal(again.port, 4_500);
  }
  assert.deepEqual([first, later, earlier].map((i) => i.incarnation - NOW), [0, 60_000, 60_001]);
});

Deno.test("the port on the command line goes before the kept one, and is kept", async () => {
  using directories = new Directories();
  await directories.start("a");
  await directories.start("a", { bindPort: 5_000 });
  assert.equal((await directories.start("a")).port, 5_000);
});

Deno.test("the files of a data directory are readable by their owner only", async () => {
  using directories = new Directories();
  await directories.start("a");
  assert.deepEqual(Object.keys(directories.files("a")), ["identity.json", "mesh.json"]);
  for (const file of ["identity.json", "mesh.json"]) {
    const { mode } = Deno.statSync(join(directories.path("a"), file));
    assert.equal((mode ?? 0) & 0o777, 0o600);
  }
});

Deno.test("opening writes nothing, whether the start goes well or not", async () => {
  using directories = new Directories();
  const founder = await directories.start("founder");
  await directories.open("b", { token: invite(founder) });
  await assert.rejects(directories.open("b", { token: "mesh1_cut" }), InvalidTokenError);
  assert.deepEqual(directories.files("b"), {});
  const before = directories.files("founder");
  const other = await directories.start("other");
  await assert.rejects(
    directories.open("founder", { token: invite(other) }),
    BoundToOtherMeshError,
  );
  await assert.rejects(directories.open("founder", { token: "nonsense" }), InvalidTokenError);
  assert.deepEqual(directories.files("founder"), before);
});

Deno.test("a node that joined returns to its mesh without the token, and dials whom it met", async () => {
  using directories = new Directories();
  const founder = await directories.start("founder");
  const joined = await directories.start("b", { token: invite(founder) });
  assert.equal(joined.meshId, founder.meshId);
  const met = formatAddress({ ip: "10.0.0.9", port: 1, peer: joined.peer });
  joined.remember([met]);
  joined.remember([]);
  await joined.flushed();
  const again = await directories.start("b");
  assert.equal(again.meshId, founder.meshId);
  assert.deepEqual(again.addresses, [met]);
});

Deno.test("leaving for another mesh keeps the root key of the one that was founded", async () => {
  using directories = new Directories();
  const founder = await directories.start("founder");
  const other = await directories.start("other");
  const moved = await directories.start("founder", { token: invite(other), leave: true });
  assert.equal(moved.meshId, other.meshId);
  const kept = directories.files("founder")[`mesh-${founder.meshId}.json`];
  assert.ok(kept?.includes("rootKey") && !kept.includes('"rootKey": null'));
  const alone = await directories.start("founder", { leave: true });
  assert.notEqual(alone.meshId, other.meshId);
});

Deno.test("what comes late from a life in another mesh is not written over the present one", async () => {
  using directories = new Directories();
  const founder = await directories.start("founder");
  const other = await directories.start("other");
  await founder.close();
  await directories.start("founder", { token: invite(other), leave: true });
  const before = directories.files("founder");
  founder.keepRelays([{ peer: other.peer, addresses: [] }]);
  founder.rise(NOW);
  await founder.flushed();
  assert.deepEqual(directories.files("founder"), before);
});

Deno.test("a founder that is given a token of its own mesh stays its founder", async () => {
  using directories = new Directories();
  const founder = await directories.start("founder");
  const guest = await directories.start("guest", { token: invite(founder) });
  const again = await directories.start("founder", { token: invite(founder) });
  assert.equal(again.binding.credential.grant.mayInvite, true);
  assert.equal(guest.binding.credential.grant.mayInvite, false);
});

Deno.test("a membership that has expired, or was a client's, does not let a member return", async () => {
  using directories = new Directories();
  const founder = await directories.start("founder");
  await directories.start("b", { token: invite(founder, "member", NOW + 10) });
  await assert.rejects(directories.open("b", { now: NOW + 10 }), NotAllowedError);
  await directories.start("c", { token: invite(founder, "client"), role: "client" });
  await assert.rejects(directories.open("c"), /--client/);
  assert.equal((await directories.open("c", { role: "client" })).meshId, founder.meshId);
});

Deno.test("a damaged file is named, and left as it is", async () => {
  using directories = new Directories();
  await directories.start("a");
  for (
    const [file, text] of [["mesh.json", "{"], ["identity.json", '{"privateKey":"AAAA"}']] as const
  ) {
    const path = join(directories.path("a"), file);
    const whole = Deno.readTextFileSync(path);
    Deno.writeTextFileSync(path, text);
    await assert.rejects(
      directories.open("a"),
      (error) => error instanceof DataDirectoryError && error.message.includes(path),
    );
    assert.equal(Deno.readTextFileSync(path), text);
    Deno.writeTextFileSync(path, whole);
  }
});

Deno.test("rise() goes above another life of this node, and is kept", async () => {
  using directories = new Directories();
  const identity = await directories.start("a");
  identity.rise(NOW + 1_000);
  await identity.flushed();
  assert.equal(identity.incarnation, NOW + 1_001);
  assert.equal((await directories.start("a")).incarnation, NOW + 1_002);
});
