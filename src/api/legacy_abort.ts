// deno-lint-ignore-file no-console
let silenced = false;

/**
 * Deno 2.9 warns once in a process that the signal of a served request aborts after success as well.
 * Nothing here relies on that, and the flag against the warning does not reach compiled programs, so
 * the warning is dropped: it means nothing to people who started a language model.
 */
export function silenceLegacyAbortWarning(): void {
  if (silenced) return;
  silenced = true;
  const { warn } = console;
  const filtered = (...args: unknown[]) => {
    if (!String(args[0]).startsWith("Deno.serve: request.signal aborts")) warn(...args);
    else if (console.warn === filtered) console.warn = warn;
  };
  console.warn = filtered;
}
