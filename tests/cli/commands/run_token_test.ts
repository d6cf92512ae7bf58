import assert from "node:assert/strict";
import type { InviteStatus } from "../../../src/api/mod.ts";
import { invitesText } from "../../../src/cli/commands/run_token.ts";

const invite: InviteStatus = {
  id: "00ff00ff00ff00ff",
  role: "member",
  name: null,
  mayInvite: false,
  expiresAt: null,
  state: "valid",
  createdAt: 0,
  usedBy: [],
};

Deno.test("invitesText() is a table of the invites, without what would steer a terminal", () => {
  const text = invitesText([
    invite,
    {
      ...invite,
      id: "11",
      role: "client",
      name: "Ann\u001b[31m",
      mayInvite: true,
      state: "revoked",
      expiresAt: Date.UTC(2027, 0, 2, 3, 4, 5),
      usedBy: ["a", "b"],
    },
  ]);
  assert.deepEqual(text.split("\n").map((line) => line.split(/ {2,}/)), [
    ["ID", "ROLE", "FOR", "STATE", "EXPIRES (UTC)", "IN USE BY"],
    ["00ff00ff00ff00ff", "member", "-", "valid", "never", "0 nodes"],
    ["11", "client, may invite", "Ann [31m", "revoked", "2027-01-02 03:04", "2 nodes"],
    [""],
  ]);
  assert.equal(invitesText([]), "This node has made no invites yet\n");
});
