import type { TargetedMouseEvent } from "preact";
import type { PairingView } from "../../../src/api/base/types.ts";
import { askingText } from "../lib/pairing.ts";
import { hrefOf } from "../lib/route.ts";

/** On another page the link leads to the field, which takes the focus from the link. */
function toField(event: TargetedMouseEvent<HTMLAnchorElement>): void {
  const field = document.querySelector<HTMLElement>(".code-field");
  if (field !== null) event.preventDefault();
  // Safari gives no link the focus when it is clicked.
  (field ?? event.currentTarget).focus();
}

/** Says on every page that a machine asks to join. Its place is always there, so that readers hear what comes into it. */
export function PairingNotice({ pairing }: { pairing: PairingView }) {
  const text = askingText(pairing);
  return (
    <div role="status" id="pairing-notice">
      {text !== null && (
        <div class="notice asks">
          <p>
            <bdi>{text}</bdi>
          </p>
          <a class="button" href={hrefOf("mesh")} onClick={toField}>Type its code</a>
        </div>
      )}
    </div>
  );
}
