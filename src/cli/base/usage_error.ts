/** The command line cannot be right, whatever the state of the machine: exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}
