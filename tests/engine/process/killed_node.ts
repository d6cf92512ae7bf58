import { GUIDE } from "../supervising.ts";

/**
 * A node that runs one server; it is killed with -9 once `arrived` resolves. `nextPort` answers the server's port, once
 * for each of its starts.
 */
export async function killNodeOf(
  kind: "llama-server" | "rpc-server",
  binary: string,
  dataDir: string,
  arrived: (nextPort: () => Promise<number>) => Promise<void>,
): Promise<void> {
  const script = new URL("./node_to_kill.ts", import.meta.url).pathname;
  const node = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", script, kind, binary, GUIDE, dataDir],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = node.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    // Each line is written by itself, and the next one is seconds away.
    await arrived(() => reader.read().then(({ value }) => Number(value)));
  } finally {
    node.kill("SIGKILL");
    await reader.cancel();
    await node.status;
  }
}
