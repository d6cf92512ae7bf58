import assert from "node:assert/strict";
import type { InviteStatus } from "../../src/api/base/types.ts";
import {
  gettingText,
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

Deno.test("optionsOf() asks for what was chosen, always with a name", () => {
  const { name, ...rest } = optionsOf(FORM, 0);
  assert.match(name ?? "", /^added (1970-01-01|1969-12-31) \d\d:\d\d$/);
  assert.deepEqual(rest, { role: "member", mayInvite: false });
  assert.deepEqual(optionsOf({ role: "member", name: "Ann", days: 1, mayInvite: true }, 1_000), {
    role: "member",
    name: "Ann",
    expiresAt: 1_000 + 24 * 3_600_000,
    mayInvite: true,
  });
  const client = optionsOf({ ...FORM, role: "client", name: "Bob", mayInvite: true }, 0);
  assert.deepEqual(client, { role: "client", name: "Bob" });
});

Deno.test("gettingText() fits how this node was started", () => {
  assert.match(gettingText({ start: "./mesh-llm" }), /^Copy the file mesh-llm/);
  assert.match(gettingText({ start: "npx -y deno@2.9.4 task start" }), /^Copy the folder/);
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
