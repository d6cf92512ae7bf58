import assert from "node:assert/strict";
import fc from "fast-check";
import { proposalOf, readProposal } from "../../../src/mesh/quic/multistream.ts";

const protocols = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 100 })
  .map((name) => `/${name}`);

Deno.test("proposalOf() is what multistream-select 1.0 says", () => {
  assert.equal(
    new TextDecoder().decode(proposalOf("/mesh-llm/http/1")),
    "\x13/multistream/1.0.0\n\x11/mesh-llm/http/1\n",
  );
});

Deno.test("readProposal() finds what was proposed, whatever follows", () => {
  fc.assert(fc.property(protocols, fc.uint8Array(), (protocol, rest) => {
    const proposal = proposalOf(protocol);
    const bytes = Uint8Array.from([...proposal, ...rest]);
    assert.deepEqual(readProposal(bytes), { protocol, length: proposal.length });
  }));
});

Deno.test("readProposal() finds nothing in a part of a proposal", () => {
  fc.assert(fc.property(protocols, fc.double({ min: 0, max: 1, noNaN: true }), (protocol, part) => {
    const proposal = proposalOf(protocol);
    const cut = Math.min(proposal.length - 1, Math.floor(part * proposal.length));
    assert.equal(readProposal(proposal.subarray(0, cut)), undefined);
  }));
});

Deno.test("readProposal() takes any bytes, and only a whole line for a protocol", () => {
  const version = proposalOf("/x").subarray(0, 20);
  fc.assert(fc.property(fc.uint8Array(), fc.boolean(), (bytes, isVersioned) => {
    const found = readProposal(isVersioned ? Uint8Array.from([...version, ...bytes]) : bytes);
    if (found === undefined) return;
    assert.ok(isVersioned);
    assert.equal(bytes[0], found.length - version.length - 1);
    assert.equal(bytes[found.length - version.length - 1], 0x0a);
  }));
});
