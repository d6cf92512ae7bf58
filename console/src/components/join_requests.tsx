import { useId, useState } from "preact/hooks";
import type { PairingRequest } from "../../../src/api/base/types.ts";
import { useAction } from "../hooks/use_action.ts";
import { acceptRequest, refuseRequest } from "../lib/api.ts";
import { displayName } from "../lib/format.ts";
import { NEW_INVITE } from "../lib/invites.ts";
import {
  type Outcome,
  outcomeText,
  requestName,
  triesAfter,
  wrongCodeText,
} from "../lib/pairing.ts";
import { isWholeCode } from "../lib/pairing_code.ts";
import { CodeField } from "./code_field.tsx";
import { MayInviteField, RoleField } from "./invite_fields.tsx";

interface JoinRequestProps {
  readonly request: PairingRequest;
  readonly onEnded: (outcome: Outcome) => void;
}

/** The answer of this machine's user, and what came of it. */
function useAnswer({ request, onEnded }: JoinRequestProps) {
  const [code, setCode] = useState("");
  const [rights, setRights] = useState({ role: NEW_INVITE.role, mayInvite: NEW_INVITE.mayInvite });
  const [wrong, setWrong] = useState<string | null>(null);
  const { busy, problem, run } = useAction();
  const name = requestName(request);
  async function accept(): Promise<void> {
    const { role } = rights;
    const mayInvite = role === "member" && rights.mayInvite;
    try {
      await acceptRequest({ id: request.id, code, role, mayInvite });
      onEnded({ kind: "added", name, role });
    } catch (error) {
      const left = triesAfter(error);
      if (left === null) throw error;
      if (left === 0) onEnded({ kind: "spent", name });
      else setWrong(wrongCodeText(left));
    }
  }
  async function refuse(): Promise<void> {
    await refuseRequest(request.id);
    onEnded({ kind: "refused", name });
  }
  return {
    code,
    rights,
    busy,
    problem: problem ?? wrong,
    isWrong: wrong !== null,
    type: (text: string) => {
      setCode(text);
      setWrong(null);
    },
    grant: (change: Partial<typeof rights>) => setRights({ ...rights, ...change }),
    accept: () => run(accept),
    refuse: () => run(refuse),
  };
}

/** A machine that asks to join, with a field for the code that it shows. */
function JoinRequest(props: JoinRequestProps) {
  const answer = useAnswer(props);
  const id = useId();
  const name = requestName(props.request);
  return (
    <form
      class="join-request"
      aria-labelledby={`${id}-name`}
      data-request={props.request.id}
      onSubmit={(event) => {
        event.preventDefault();
        void answer.accept();
      }}
    >
      <div>
        <h3 id={`${id}-name`}>
          <bdi>{name}</bdi> asks to join
        </h3>
        <p class="muted">
          From{" "}
          <bdi>{displayName(props.request.address)}</bdi>. It shows a code of six digits: type it
          here if that machine is yours.
        </p>
      </div>
      <div class="join-fields">
        <CodeField
          label="Its code"
          text={answer.code}
          onText={answer.type}
          wrong={answer.isWrong ? `${id}-problem` : null}
        />
        <RoleField rights={answer.rights} onChange={answer.grant} />
        <MayInviteField rights={answer.rights} onChange={answer.grant} />
      </div>
      {answer.rights.role === "client" && (
        <p class="muted">
          A client serves nothing: the other machine ends what it runs, and starts as one.
        </p>
      )}
      {answer.problem !== null && (
        <p class="problem" role="alert" id={`${id}-problem`}>{answer.problem}</p>
      )}
      <div class="row">
        <button
          type="submit"
          class="button primary"
          disabled={answer.busy || !isWholeCode(answer.code)}
        >
          Add
        </button>
        <button
          type="button"
          class="button"
          disabled={answer.busy}
          onClick={() => void answer.refuse()}
        >
          Refuse
        </button>
      </div>
    </form>
  );
}

/** The machines that ask to join, and how the last one that asked was answered. */
export function JoinRequests({ requests }: { requests: readonly PairingRequest[] }) {
  const [last, setLast] = useState<{ readonly id: string; readonly outcome: Outcome } | null>(null);
  const isNews = last !== null && requests.every(({ id }) => id === last.id);
  function end(id: string, outcome: Outcome): void {
    setLast({ id, outcome });
    // The form that had the focus goes with its request.
    document.querySelector<HTMLElement>("#invite")?.focus({ preventScroll: true });
  }
  return (
    <>
      {requests.map((request) => (
        <JoinRequest
          key={request.id}
          request={request}
          onEnded={(outcome) => end(request.id, outcome)}
        />
      ))}
      <p class="join-outcome" role="status">
        {isNews && <bdi>{outcomeText(last.outcome)}</bdi>}
      </p>
    </>
  );
}
