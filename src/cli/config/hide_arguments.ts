/** Secrets on the command line, which every user of the machine can read there: `ps` shows it. */

/** Options whose value lets somebody in. */
const SECRET_OPTIONS = ["--join", "--api-key"];

/** How an invite begins; one may stand where no option says so, as when a shell asks to complete a line. */
const INVITE = /^mesh\d+_/;

/** Behind these `--join` names a place and no secret. */
const PLACE = /^(-$|@)/;

/** Fields of `/proc/self/stat` behind the program's name: the address at which the arguments begin. */
const ARGUMENTS_FIELD = 45;

const STAR = 0x2a;

/**
 * Overwrites the secrets among this process's arguments, if the system lets it: on Linux. Programs that start this one
 * (`npx`, `deno task`) still show them, and so does the moment before: a secret belongs into the environment or a file.
 */
export function hideArguments(args: readonly string[]): void {
  const secrets = secretsIn(args);
  if (secrets.length === 0 || Deno.build.os !== "linux") return;
  try {
    overwrite(secrets);
  } catch {
    // A kernel that forbids it: nothing is worse than before.
  }
}

/** The words, or parts of words, that nobody else may read. Pure. */
export function secretsIn(args: readonly string[]): string[] {
  return args.flatMap((word, index) => {
    if (INVITE.test(word)) return [word];
    const before = args[index - 1];
    if (before !== undefined && SECRET_OPTIONS.includes(before)) return [word];
    const option = SECRET_OPTIONS.find((one) => word.startsWith(`${one}=`));
    return option === undefined ? [] : [word.slice(option.length + 1)];
  }).filter((secret) => secret !== "" && !PLACE.test(secret));
}

/** Writes to the place from which the kernel reads this process's arguments. */
function overwrite(secrets: readonly string[]): void {
  const stat = Deno.readTextFileSync("/proc/self/stat");
  const start = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[ARGUMENTS_FIELD]);
  if (!Number.isSafeInteger(start) || start <= 0) return;
  const words = Deno.readFileSync("/proc/self/cmdline");
  using memory = Deno.openSync("/proc/self/mem", { read: true, write: true });
  for (const { at, length } of secrets.flatMap((secret) => placesOf(secret, words))) {
    memory.seekSync(start + at, Deno.SeekMode.Start);
    memory.writeSync(new Uint8Array(length).fill(STAR));
  }
}

/** The places of a text among bytes, at its end or before the end of a word. Pure. */
export function placesOf(
  text: string,
  bytes: Uint8Array,
): { readonly at: number; readonly length: number }[] {
  const wanted = new TextEncoder().encode(`${text}\0`);
  const places = [];
  for (let at = 0; at + wanted.length <= bytes.length; at++) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) {
      places.push({ at, length: wanted.length - 1 });
    }
  }
  return places;
}
