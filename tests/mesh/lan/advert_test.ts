import assert from "node:assert/strict";
import { decode, encode } from "dns-packet";
import fc from "fast-check";
import {
  type Advert,
  asks,
  asMeshName,
  type DnsMessage,
  goodbyeOf,
  heardIn,
  newLabel,
  QUESTION,
  recordsOf,
} from "../../../src/mesh/lan/advert.ts";
import { LAN_SERVICE, LAN_TTL_SECONDS, MAX_LAN_RECORDS } from "../../../src/mesh/lan/defaults.ts";

const ADVERT: Advert = {
  label: "0123456789ab",
  port: 47_001,
  mesh: "Ann's Mac é",
  shortId: "0a1b2c3d",
  sealed: "A".repeat(80),
};

/** Through the bytes of a real datagram. */
function sent(message: DnsMessage): DnsMessage {
  const packet = { type: "response", ...message } as Parameters<typeof encode>[0];
  return decode(encode(packet)) as DnsMessage;
}

Deno.test("an announcement is read as it was made, through a real datagram", () => {
  assert.deepEqual(heardIn(sent({ answers: recordsOf(ADVERT) })), [
    { kind: "here", advert: ADVERT, seconds: LAN_TTL_SECONDS },
  ]);
  assert.deepEqual(heardIn(sent({ answers: goodbyeOf(ADVERT.label) })), [
    { kind: "gone", label: ADVERT.label },
  ]);
});

Deno.test("whoever asks for the service is answered, and nobody else", () => {
  const asked = (name: string, type: string) => asks({ questions: [{ name, type }] });
  assert.ok(asks({ questions: [QUESTION] }));
  assert.ok(asked(LAN_SERVICE.toUpperCase(), "ANY"));
  assert.ok(!asked(LAN_SERVICE, "A"));
  assert.ok(!asked("_ipp._tcp.local", "PTR"));
  assert.ok(!asks({}));
});

Deno.test("a datagram holds the mesh's name, its port and what nobody else can read", () => {
  const texts = recordsOf(ADVERT).flatMap(({ name, data }) => [name, JSON.stringify(data)]);
  const known = [LAN_SERVICE, ADVERT.label, ADVERT.mesh, ADVERT.shortId, ADVERT.sealed];
  const rest = known.reduce((text, one) => text.replaceAll(one, ""), texts.join(" "));
  assert.equal(
    rest.replaceAll(/[^a-z0-9]+/g, " ").trim(),
    "port 47001 target local mesh id seal",
  );
});

for (
  const [told, shown] of [
    ["<script>alert(1)</script>", "scriptalert(1)/script"],
    ["a\x1b[31mred\nline\u202e", "a[31mredline"],
    ["   ", "unnamed"],
    ["", "unnamed"],
    ["é".repeat(300), "é".repeat(32)],
    ["Ann's Mac", "Ann's Mac"],
  ] as const
) {
  Deno.test(`asMeshName() of ${JSON.stringify(told.slice(0, 30))}`, () => {
    assert.equal(asMeshName(told), shown);
  });
}

Deno.test("an announcement that lacks something, or has it wrong, is none", () => {
  const [pointer, service, text] = recordsOf(ADVERT);
  const broken: readonly DnsMessage[] = [
    { answers: [pointer!] },
    { answers: [service!, text!] },
    { answers: [pointer!, service!] },
    { answers: [pointer!, text!] },
    { answers: [pointer!, { ...service!, data: { port: 0, target: "x" } }, text!] },
    { answers: [pointer!, { ...service!, data: { port: 1.5, target: "x" } }, text!] },
    { answers: [pointer!, service!, { ...text!, data: ["mesh=a", "id=ABC", "seal=x"] }] },
    { answers: [{ ...pointer!, data: `../../etc.${LAN_SERVICE}` }, service!, text!] },
    { answers: [{ ...pointer!, name: "_other._udp.local" }, service!, text!] },
    {
      answers: [...Array(MAX_LAN_RECORDS).fill({ ...text!, name: "x.local" }), pointer!, service!],
    },
  ];
  for (const message of broken) assert.deepEqual(heardIn(message), []);
});

const label = fc.constantFrom(newLabel(), ADVERT.label, "x", "");
const anyName = fc.oneof(
  fc.constantFrom(LAN_SERVICE, `${ADVERT.label}.${LAN_SERVICE}`),
  label.map((text) => `${text}.${LAN_SERVICE}`),
  fc.anything(),
);
const anyRecord = fc.record({
  name: anyName,
  type: fc.oneof(fc.constantFrom("PTR", "SRV", "TXT", "A"), fc.string()),
  ttl: fc.anything(),
  data: fc.oneof(
    anyName,
    fc.record({ port: fc.anything(), target: fc.anything() }),
    fc.array(fc.oneof(fc.string(), fc.uint8Array(), fc.constant("id=0a1b2c3d")), { maxLength: 9 }),
    fc.anything(),
  ),
});

Deno.test("whatever comes in a datagram, what is read of it is bounded and clean", () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 80 }), (answers) => {
      const heard = heardIn({ answers } as unknown as DnsMessage);
      assert.ok(heard.length <= MAX_LAN_RECORDS);
      for (const one of heard) {
        if (one.kind === "gone") assert.match(one.label, /^[0-9a-f]{12}$/);
        else assertClean(one.advert, one.seconds);
      }
    }),
    { numRuns: Number(Deno.env.get("MESH_LLM_RUNS") ?? 300) },
  );
});

Deno.test("any name, however odd, is shown as one short line without markup", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (mesh) => {
      const answers = recordsOf({ ...ADVERT, mesh });
      for (const one of heardIn({ answers })) {
        assert.ok(one.kind === "here");
        assertClean(one.advert, one.seconds);
      }
    }),
    { numRuns: Number(Deno.env.get("MESH_LLM_RUNS") ?? 300) },
  );
});

function assertClean({ label, port, mesh, shortId }: Advert, seconds: number): void {
  assert.match(label, /^[0-9a-f]{12}$/);
  assert.match(shortId, /^[0-9a-f]{8}$/);
  assert.ok(port >= 1 && port <= 65_535);
  assert.match(mesh, /^[^\p{C}\p{Zl}\p{Zp}<>]+$/u);
  assert.ok([...mesh].length <= 32);
  assert.ok(seconds > 0 && seconds <= LAN_TTL_SECONDS);
}
