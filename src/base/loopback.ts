import { systemWords } from "./system_error.ts";

/** An answer takes less than a millisecond; a rule of a firewall that swallows it never answers. */
const LIMIT_MS = 2_000;

/** Nothing on this machine can reach a port of this machine. */
export class LoopbackError extends Error {
  override name = "LoopbackError";
  constructor(found: string, options?: ErrorOptions) {
    super(
      `Cannot reach this machine itself over 127.0.0.1: ${found}. llama.cpp, the API and the console are reached ` +
        "that way: switch the loopback on (ip link set lo up), and see that no firewall closes it",
      options,
    );
  }
}

/** Whether 127.0.0.1 works, tried by one connection. @throws {LoopbackError} */
export async function checkLoopback(): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new LoopbackError("no answer")), LIMIT_MS);
  try {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const ends = Promise.all([
      Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
      listener.accept(),
    ]);
    ends.catch(() => {}); // what comes after the limit
    for (const end of await Promise.race([ends, late.promise])) end.close();
  } catch (error) {
    if (error instanceof LoopbackError) throw error;
    throw new LoopbackError(systemWords(error), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
