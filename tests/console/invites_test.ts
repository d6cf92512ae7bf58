import assert from "node:assert/strict";
import type { InviteStatus } from "../../src/api/base/types.ts";
import {
  inOrder,
  type InviteForm,
  inviteName,
  inviteText,
  joinCommand,
  optionsOf,
} from "../../console/src/lib/invites.ts";

const FORM: InviteForm = { role: "member", name: " ", days: null, mayInvite: false };

function invite(of: Partial<InviteStatus> = {}): InviteStatus {
  return {
    id: "abcdefghij",
    role: "member",
    name: null,
    mayInvite: false,
    expiresAt: null,
    state: "valid",
    createdAt: 1,
    usedBy: [],
    ...of,
  };
}

Deno.test("optionsOf() asks for what was chosen and for nothing else", () => {
  assert.deepEqual(optionsOf(FORM, 0), { role: "member" });
  assert.deepEqual(optionsOf({ role: "member", name: "Ann", days: 1, mayInvite: true }, 1_000), {
    role: "member",
    name: "Ann",
    expiresAt: 1_000 + 24 * 3_600_000,
    mayInvite: true,
  });
  assert.deepEqual(optionsOf({ ...FORM, role: "client", mayInvite: true }, 0), { role: "client" });
});

Deno.test("joinCommand() fits the role", () => {
  const start = "npx -y deno@2.9.4 task start";
  assert.equal(joinCommand({ start }, "member", "t"), `MESH_LLM_JOIN=t ${start}`);
  assert.equal(joinCommand({ start }, "client", "t"), `MESH_LLM_JOIN=t ${start} --client`);
});

Deno.test("inviteText() says what it allows, until when, and who uses it", () => {
  const text = (of: Partial<InviteStatus>) => inviteText(invite(of)).replaceAll("\u00a0", " ");
  assert.equal(text({}), "lends memory and serves, nobody uses it now");
  assert.equal(
    text({ role: "client", usedBy: ["a", "b"] }),
    "asks questions only, 2 machines by it now",
  );
  assert.match(
    text({ expiresAt: 0, state: "expired" }),
    /ended (1970-01-01|1969-12-31) \d\d:\d\d,/,
  );
  assert.match(text({ mayInvite: true, state: "revoked" }), /may invite others, revoked/);
});

Deno.test("inviteName() is its name, or the start of its id", () => {
  assert.equal(inviteName(invite({ name: "Ann\u202e" })), "Ann");
  assert.equal(inviteName(invite()), "Invite abcdefgh");
});

Deno.test("inOrder() puts those first that still let somebody in", () => {
  const all = [
    invite({ id: "old" }),
    invite({ id: "gone", state: "revoked", createdAt: 9 }),
    invite({ id: "new", createdAt: 5 }),
  ];
  assert.deepEqual(inOrder(all).map(({ id }) => id), ["new", "old", "gone"]);
});
