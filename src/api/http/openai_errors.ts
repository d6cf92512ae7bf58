import { DOOR_VERDICTS, type DoorRefusal } from "./refusals/door.ts";
import { MODEL_VERDICTS, type ModelRefusal } from "./refusals/model.ts";
import { PAIRING_VERDICTS, type PairingRefusal } from "./refusals/pairing.ts";
import { REQUEST_VERDICTS, type RequestRefusal } from "./refusals/request.ts";
import type { Verdict, Verdicts } from "./refusals/verdict.ts";

/** Why a request gets no answer from a model, or from the node. */
export type Refusal = DoorRefusal | RequestRefusal | ModelRefusal | PairingRefusal;

/** The body that OpenAI's clients read an error from. */
export interface OpenAiError {
  readonly error: {
    readonly message: string;
    readonly type: "invalid_request_error" | "server_error" | NonNullable<Verdict["type"]>;
    readonly param: string | null;
    readonly code: string;
    /** Of a code of pairing that was wrong. */
    readonly triesLeft?: number;
  };
}

export interface RefusalAnswer {
  readonly status: Verdict["status"];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: OpenAiError;
}

/** Ends a request with an answer that the caller can act on. */
export class RefusedError extends Error {
  override name = "RefusedError";

  constructor(readonly refusal: Refusal, options?: ErrorOptions) {
    super(`Refused: ${refusal.kind}`, options);
  }
}

const VERDICTS: Verdicts<Refusal> = {
  ...DOOR_VERDICTS,
  ...REQUEST_VERDICTS,
  ...MODEL_VERDICTS,
  ...PAIRING_VERDICTS,
};

/** The one place that chooses the status, the headers and the words of an error, for both ports. */
export function answerFor(refusal: Refusal): RefusalAnswer {
  const { status, code, message, param = null, headers = {}, ...verdict } = judge(refusal);
  const type = verdict.type ?? (status < 500 ? "invalid_request_error" : "server_error");
  const { triesLeft } = verdict;
  const more = triesLeft === undefined ? {} : { triesLeft };
  return { status, headers, body: { error: { message, type, param, code, ...more } } };
}

function judge<K extends Refusal["kind"]>(refusal: Extract<Refusal, { kind: K }>): Verdict {
  return VERDICTS[refusal.kind as K](refusal);
}
