import assert from "node:assert/strict";
import { ApiError } from "../../console/src/lib/api_error.ts";
import {
  isAlone,
  isInAMesh,
  leavingSentences,
  mayAsk,
  ownShown,
} from "../../console/src/lib/own_pairing.ts";
import {
  askingText,
  type Outcome,
  outcomeText,
  requestName,
  triesAfter,
  whyNotAdd,
  wrongCodeText,
} from "../../console/src/lib/pairing.ts";
import type { OwnPairing } from "../../src/api/base/types.ts";
import { joinRequest, ownPairing, pairing } from "../support/console_pairing.ts";
import { model, peer, status, TOWER } from "../support/console_status.ts";

const refused = (status: number, error: Record<string, unknown>) =>
  new ApiError("No", status, { body: { error } });

Deno.test("askingText() names the machines that ask where somebody here can let them in", () => {
  const [mini, tower] = [joinRequest(), joinRequest({ id: "r2", name: "tower" })];
  const table: readonly [text: string | null, of: Parameters<typeof pairing>[0]][] = [
    [null, {}],
    [null, { requests: [mini], mayAccept: false }],
    ["mini asks to join", { requests: [mini] }],
    ["mini and tower ask to join", { requests: [mini, tower] }],
  ];
  for (const [text, of] of table) assert.equal(askingText(pairing(of)), text);
});

Deno.test("a machine that asks has a name that steers nothing, and always one", () => {
  assert.equal(requestName(joinRequest({ name: "mi\u202eni\n\u001b[31m" })), "mini[31m");
  assert.equal(requestName(joinRequest({ id: "0123456789", name: "\u0007\u200b" })), "…456789");
  assert.equal([...requestName(joinRequest({ name: "x".repeat(5_000) }))].length, 64);
});

Deno.test("ownShown() has words for each state of a question", () => {
  const table: readonly [Partial<OwnPairing>, phase: string, title: string, detail: string][] = [
    [
      { state: "asking" },
      "asking",
      "Asking studio's mesh",
      "A code comes as soon as one of its machines answers.",
    ],
    [
      { state: "code", code: "482-913" },
      "asking",
      "Type it on a machine of studio's mesh",
      "In its console, or in its terminal: ./mesh-llm pair accept 482-913",
    ],
    [{ state: "joining" }, "joining", "Joining studio's mesh", "The code was right."],
    [{ state: "joined" }, "ended", "This machine is in studio's mesh", ""],
    [{ state: "refused" }, "ended", "studio's mesh refused", ""],
    [
      { state: "refused", problem: "Ask again\u001bin a minute" },
      "ended",
      "studio's mesh refused",
      "Ask again in a minute",
    ],
    [
      { state: "failed", problem: "It does not answer" },
      "ended",
      "This machine did not get into studio's mesh",
      "It does not answer",
    ],
    [
      { state: "joined", mesh: "\u202e" },
      "ended",
      "This machine is in 0a1b2c3d's mesh",
      "",
    ],
  ];
  for (const [of, phase, title, detail] of table) {
    const shown = ownShown(ownPairing(of), "./mesh-llm");
    const code = of.code ?? null;
    assert.deepEqual(shown, { phase, title, detail, code });
  }
});

Deno.test("mayAsk() asks one mesh at a time, and none of a network that is left alone", () => {
  const table: readonly [boolean, Parameters<typeof pairing>[0]][] = [
    [true, {}],
    [false, { state: "off" }],
    [false, { own: ownPairing({ state: "asking" }) }],
    [false, { own: ownPairing({ state: "code" }) }],
    [false, { own: ownPairing({ state: "joining" }) }],
    [true, { own: ownPairing({ state: "joined" }) }],
    [true, { own: ownPairing({ state: "refused" }) }],
    [true, { own: ownPairing({ state: "failed" }) }],
  ];
  for (const [may, of] of table) assert.equal(mayAsk(pairing(of)), may, JSON.stringify(of));
});

Deno.test("a machine is alone that has no peers and is no client", () => {
  assert.equal(isAlone(status()), true);
  assert.equal(isAlone(status({ peers: [peer()] })), false);
  assert.equal(isAlone(status({ node: { role: "client" } })), false);
});

Deno.test("leavingSentences() says what is given up for another mesh", () => {
  const [mini, tower] = [peer(), peer({ id: TOWER, name: "to\u202ewer" })];
  assert.deepEqual(leavingSentences(status({ peers: [mini, tower] }), "den's mesh"), [
    "This machine is in a mesh with mini and tower.",
    "It leaves that mesh once den's mesh lets it in, and comes back only by a new invite.",
    "That mesh loses what it serves here: guide.",
  ]);
  const idle = status({ models: [model({ state: "cold", instances: [] })] });
  assert.deepEqual(leavingSentences(idle, "den's mesh"), [
    "This machine is in a mesh whose other machines are away now.",
    "It leaves that mesh once den's mesh lets it in, and comes back only by a new invite.",
  ]);
});

Deno.test("the node's refusals are told apart by their codes", () => {
  assert.equal(triesAfter(refused(403, { code: "wrong_code", triesLeft: 2 })), 2);
  assert.equal(triesAfter(refused(403, { code: "may_not_invite" })), null);
  assert.equal(triesAfter(new ApiError("The node does not answer", null)), null);
  assert.equal(isInAMesh(refused(409, { code: "in_a_mesh" })), true);
  assert.equal(isInAMesh(refused(409, { code: "asking_already" })), false);
  assert.equal(isInAMesh(new Error("in_a_mesh")), false);
});

Deno.test("each end of a machine's question has a sentence", () => {
  const table: readonly [string, Outcome][] = [
    ["mini was let in as a client.", { kind: "added", name: "mini", role: "client" }],
    ["mini was refused.", { kind: "refused", name: "mini" }],
    ["The code was wrong too often. mini has to wait before it asks again.", {
      kind: "spent",
      name: "mini",
    }],
  ];
  for (const [text, outcome] of table) assert.equal(outcomeText(outcome), text);
  assert.equal(wrongCodeText(2), "That is not its code. 2 tries are left.");
  assert.equal(wrongCodeText(1), "That is not its code. One try is left.");
});

Deno.test("a client and a member that may not invite are told why they add nobody", () => {
  assert.match(whyNotAdd("client"), /^This node is a client.*let in one that asks to join\.$/);
  assert.match(whyNotAdd("host"), /^This node joined by an invite that does not allow it/);
});
