import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAddress, parseAddress } from "../../../src/mesh/base/addresses.ts";
import { peerIdOf, SigningKey } from "../../../src/mesh/base/keys.ts";
import type { Heard } from "../../../src/mesh/lan/advert.ts";
import {
  LAN_TTL_SECONDS,
  MAX_LAN_ADDRESSES,
  MAX_LAN_STRANGERS,
  MAX_LAN_STRANGERS_OF_ADDRESS,
} from "../../../src/mesh/lan/defaults.ts";
import { Neighbours } from "../../../src/mesh/lan/neighbours.ts";
import { MeshSeal } from "../../../src/mesh/lan/seal.ts";

const [OWN, OTHER] = [1, 2].map((byte) => new MeshSeal(new Uint8Array(32).fill(byte)));
const newPeer = () => peerIdOf(SigningKey.generate().publicKey);
const [SELF, MINI] = [newPeer(), newPeer()];
const label = (number: number) => number.toString(16).padStart(12, "0");
const SELF_LABEL = label(0);

function table(): Neighbours {
  return new Neighbours({ label: SELF_LABEL, self: SELF!, seal: OWN! });
}

interface Told {
  readonly seal?: MeshSeal;
  readonly peer?: typeof MINI;
  readonly ip?: string;
  readonly port?: number;
  readonly label?: string;
  readonly mesh?: string;
  readonly seconds?: number;
}

function heard(of: Told = {}): Heard {
  const { seal = OTHER!, peer = MINI!, ip = "192.168.1.5", port = 47_001, seconds } = of;
  return {
    kind: "here",
    advert: {
      label: of.label ?? label(1),
      port,
      mesh: of.mesh ?? "studio",
      shortId: seal.shortId,
      sealed: seal.close({ ip, port, peer }),
    },
    seconds: seconds ?? LAN_TTL_SECONDS,
  };
}

Deno.test("a seal is opened by its own mesh alone", () => {
  const address = { ip: "192.168.1.5", port: 47_001, peer: MINI! };
  const sealed = OWN!.close(address);
  assert.deepEqual(OWN!.open(sealed), address);
  assert.equal(OTHER!.open(sealed), undefined);
  assert.ok(!atob(sealed).includes(MINI!));
  fc.assert(fc.property(fc.string(), (text) => OWN!.open(text) === undefined));
  fc.assert(fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, change) => {
    const bytes = Uint8Array.fromBase64(sealed);
    bytes[at % bytes.length]! ^= change;
    assert.equal(OWN!.open(bytes.toBase64()), undefined);
  }));
});

Deno.test("machines of one mesh are one mesh, and two meshes of one name are two", () => {
  const third = new MeshSeal(new Uint8Array(32).fill(3));
  const seen = table();
  assert.ok(seen.hear(heard({ label: label(1) }), "192.168.1.5", 0));
  assert.ok(seen.hear(heard({ label: label(2), ip: "192.168.1.6" }), "192.168.1.6", 0));
  assert.ok(seen.hear(heard({ label: label(3), seal: third }), "192.168.1.7", 0));
  assert.ok(!seen.hear(heard({ label: label(3), seal: third }), "192.168.1.7", 1), "heard again");
  const meshes = seen.meshes().map(({ name, shortId, machines }) => [name, shortId, machines]);
  assert.deepEqual(
    meshes,
    [["studio", OTHER!.shortId, 2], ["studio", third.shortId, 1]].sort((a, b) =>
      String(a[1]).localeCompare(String(b[1]))
    ),
  );
});

Deno.test("a member of this mesh is found at the address that it sealed, wherever a copy comes from", () => {
  const seen = table();
  const told = heard({ seal: OWN! });
  assert.ok(seen.hear(told, "192.168.1.5", 0));
  assert.ok(!seen.hear(told, "10.0.0.66", 1));
  const address = formatAddress({ ip: "192.168.1.5", port: 47_001, peer: MINI! });
  assert.deepEqual(seen.peers(), [{ peer: MINI, addresses: [address] }]);
  assert.deepEqual(seen.meshes(), []);
});

Deno.test("whoever names this mesh and can't seal for it is nobody", () => {
  const seen = table();
  const forged = heard({ seal: OTHER! });
  assert.ok(forged.kind === "here");
  const advert = { ...forged.advert, shortId: OWN!.shortId };
  assert.ok(!seen.hear({ ...forged, advert }, "192.168.1.66", 0));
  assert.deepEqual([seen.peers(), seen.meshes()], [[], []]);
});

Deno.test("this node's own voice is not a machine, and a copy of its key is told", () => {
  const seen = table();
  assert.ok(!seen.hear(heard({ seal: OWN!, peer: SELF!, label: SELF_LABEL }), "192.168.1.2", 0));
  assert.equal(seen.copyAt, null);
  assert.ok(!seen.hear(heard({ seal: OWN!, peer: SELF!, ip: "192.168.1.9" }), "192.168.1.9", 0));
  assert.equal(seen.copyAt, "192.168.1.9");
  assert.deepEqual(seen.peers(), []);
});

Deno.test("a goodbye ends the entries of its own address alone, and silence ends all in two minutes", () => {
  const seen = table();
  seen.hear(heard({ label: label(1) }), "192.168.1.5", 0);
  seen.hear(heard({ label: label(2), seal: OWN! }), "192.168.1.5", 0);
  for (const number of [1, 2]) {
    assert.ok(!seen.hear({ kind: "gone", label: label(number) }, "192.168.1.66", 1));
  }
  assert.ok(seen.hear({ kind: "gone", label: label(1) }, "192.168.1.5", 2));
  assert.deepEqual(seen.meshes(), []);
  assert.ok(!seen.expire(LAN_TTL_SECONDS * 1_000 - 1));
  assert.ok(seen.expire(LAN_TTL_SECONDS * 1_000));
  assert.deepEqual(seen.peers(), []);
});

Deno.test("one sender fills its own places, many fill all, and the table is never larger", () => {
  const seen = table();
  for (let number = 1; number < 1_000; number++) {
    seen.hear(heard({ label: label(number), mesh: `mesh ${number}` }), "192.168.1.66", 0);
  }
  assert.equal(seen.meshes().length, MAX_LAN_STRANGERS_OF_ADDRESS);
  assert.ok(seen.hear(heard({ label: label(1_000), mesh: "honest" }), "192.168.1.5", 0));
  for (let number = 1; number < 1_000; number++) {
    const from = `10.0.${number >> 8}.${number & 255}`;
    seen.hear(heard({ label: label(number), mesh: `mesh ${number}` }), from, 0);
  }
  assert.equal(seen.meshes().flatMap(({ addresses }) => addresses).length, MAX_LAN_STRANGERS);
  assert.ok(seen.meshes().some(({ name }) => name === "honest"), "who was there stays");
  assert.ok(seen.hear(heard({ seal: OWN! }), "192.168.1.7", 0), "this mesh has places of its own");
});

Deno.test("members have a bound too", () => {
  const seen = table();
  for (let number = 1; number <= MAX_LAN_ADDRESSES + 9; number++) {
    seen.hear(heard({ seal: OWN!, port: number, label: label(number) }), "192.168.1.5", 0);
  }
  assert.equal(seen.peers()[0]!.addresses.length, MAX_LAN_ADDRESSES);
  for (const address of seen.peers()[0]!.addresses) assert.ok(parseAddress(address));
});
