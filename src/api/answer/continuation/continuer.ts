import {
  type ForwardRequest,
  type GatewayInstance,
  InstanceUnavailableError,
} from "../../base/types.ts";
import { wholeText } from "../../../base/whole_text.ts";
import { WHOLE_ANSWER_BYTES } from "../../base/defaults.ts";
import { RefusedError } from "../../http/openai_errors.ts";
import { Answer, type Asking, FULL } from "../answer.ts";
import type { Continuer } from "./continue_answer.ts";

export interface ContinuerOptions {
  readonly asking: Asking;
  /** The one whose answer broke off. */
  readonly request: ForwardRequest;
  /** The instance has begun to go on. */
  readonly streams: (answer: Answer) => void;
}

/** Asks one instance for the rest of an answer. */
export function continuerOn(instance: GatewayInstance, options: ContinuerOptions): Continuer {
  const { asking, request, streams } = options;
  const open = async (path: string, body: Record<string, unknown>) => {
    const encoded = new TextEncoder().encode(JSON.stringify(body));
    const answer = await Answer.open(asking, instance, {
      ...request,
      path,
      body: encoded,
      headers: new Headers({ "content-type": "application/json" }),
    });
    if (answer.response.ok) return answer;
    using _ending = answer;
    throw await refusedBy(answer);
  };
  return {
    async ask(path, body) {
      using answer = await open(path, body);
      return JSON.parse(await wholeText(bytesOf(answer), WHOLE_ANSWER_BYTES));
    },
    stream: async (path, body) => {
      const answer = await open(path, body);
      streams(answer);
      return bytesOf(answer);
    },
  };
}

/** An instance that can't be asked now is another matter than one that refuses to go on. */
async function refusedBy(answer: Answer): Promise<Error> {
  const { status } = answer.response;
  const text = await wholeText(bytesOf(answer), WHOLE_ANSWER_BYTES);
  if (status >= 500 || status === FULL) {
    return new InstanceUnavailableError(`It answered ${status}: ${text}`, { wasAsked: false });
  }
  return new RefusedError({ kind: "interrupted", reason: `another machine answers ${text}` });
}

async function* bytesOf(answer: Answer): AsyncGenerator<Uint8Array> {
  for (let bytes = await answer.read(); bytes !== null; bytes = await answer.read()) yield bytes;
}
