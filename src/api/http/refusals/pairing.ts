/** Refusals around pairing: what a person asked for can't be done now, and the node says why. */

import type { PairingRefusal as Why } from "../../base/types.ts";
import type { Verdict, Verdicts } from "./verdict.ts";

export interface PairingRefusal {
  readonly kind: "pairing";
  readonly why: Why;
  readonly reason: string;
  /** Of a code that was wrong. */
  readonly triesLeft: number;
}

export const PAIRING_VERDICTS: Verdicts<PairingRefusal> = {
  pairing: ({ why, reason: message, triesLeft }) => ({
    ...ANSWERS[why],
    message,
    ...(why === "wrong-code" ? { triesLeft } : {}),
  }),
};

const ANSWERS: Readonly<Record<Why, Pick<Verdict, "status" | "code">>> = {
  "wrong-code": { status: 403, code: "wrong_code" },
  "may-not-invite": { status: 403, code: "may_not_invite" },
  "no-request": { status: 404, code: "no_request" },
  "unknown-mesh": { status: 404, code: "mesh_not_found" },
  "in-a-mesh": { status: 409, code: "in_a_mesh" },
  "asking": { status: 409, code: "asking_already" },
  "off": { status: 409, code: "pairing_off" },
};
