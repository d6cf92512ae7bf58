import { useLayoutEffect, useRef } from "preact/hooks";
import { type CodeEdit, editCode } from "../lib/pairing_code.ts";

interface CodeFieldProps {
  readonly label: string;
  readonly text: string;
  readonly onText: (text: string) => void;
  /** Id of the sentence that says what is wrong with it; `null` where nothing is. */
  readonly wrong: string | null;
}

/** Takes a pairing code as it is typed or pasted, and groups it. */
export function CodeField({ label, text, onText, wrong }: CodeFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const caret = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (caret.current !== null) input.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  });
  useLayoutEffect(() => {
    // A visitor who types elsewhere goes on there.
    const focused = document.activeElement;
    if (focused?.closest("#pairing-notice")) input.current?.focus();
    else if (focused === document.body) input.current?.focus({ preventScroll: true });
  }, []);
  useLayoutEffect(() => {
    if (wrong !== null) input.current?.select();
  }, [wrong]);
  function onInput(field: HTMLInputElement): void {
    const edit: CodeEdit = { text: field.value, caret: field.selectionStart ?? field.value.length };
    const next = editCode(edit);
    // An edit that leaves the same digits draws nothing anew.
    field.value = next.text;
    field.setSelectionRange(next.caret, next.caret);
    caret.current = next.caret;
    onText(next.text);
  }
  return (
    <label class="field">
      <span>{label}</span>
      <input
        ref={input}
        class="code-field"
        value={text}
        inputMode="numeric"
        autocomplete="one-time-code"
        placeholder="000-000"
        spellcheck={false}
        aria-invalid={wrong !== null}
        aria-describedby={wrong ?? undefined}
        onInput={(event) => onInput(event.currentTarget)}
      />
    </label>
  );
}
