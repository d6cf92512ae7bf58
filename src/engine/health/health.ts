/** Whether a server answers. */

import { setTimeout as delay } from "node:timers/promises";
import { HEALTH_INTERVAL_MS, HEALTH_TIMEOUT_MS, LOOPBACK } from "../base/defaults.ts";

/** A llama-server's answer about itself. `silent`: it accepts the question, and answers nothing. */
export type Health = "healthy" | "unhealthy" | "silent" | "unreachable";

/** Asks a llama-server's `/health` once: 200 once the model is loaded, 503 before. */
export async function isHealthy(port: number): Promise<boolean> {
  return await askHealth(port, HEALTH_TIMEOUT_MS) === "healthy";
}

/**
 * Over plain TCP, because `fetch` would send the question to the proxy that the environment may name. llama-server
 * answers at once whatever it computes: it has a thread for that.
 */
export async function askHealth(port: number, timeoutMs: number): Promise<Health> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    // The system takes connections for a process that does not, until there are too many of them.
    const connection = await connect(port, late.signal);
    if (connection === null) return late.signal.aborted ? "silent" : "unreachable";
    return await ask(connection, port, late.signal);
  } finally {
    clearTimeout(timer);
  }
}

async function ask(connection: Deno.TcpConn, port: number, late: AbortSignal): Promise<Health> {
  // Closing the connection ends the read below.
  const onLate = () => close(connection);
  late.addEventListener("abort", onLate, { once: true });
  try {
    const request =
      `GET /health HTTP/1.1\r\nHost: ${LOOPBACK}:${port}\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    const start = new Uint8Array(STATUS_OK.length);
    const count = await connection.read(start) ?? 0;
    const isOk = new TextDecoder().decode(start.subarray(0, count)) === STATUS_OK;
    return isOk ? "healthy" : "unhealthy";
  } catch {
    return late.aborted ? "silent" : "unhealthy"; // it hung up
  } finally {
    late.removeEventListener("abort", onLate);
    close(connection);
  }
}

const STATUS_OK = "HTTP/1.1 200";

/**
 * Whether an rpc-server takes connections. Its banner comes before it listens, so only a connection
 * tells; it serves one client at a time, so this one is closed at once.
 */
export async function acceptsConnections(port: number): Promise<boolean> {
  const connection = await connect(port);
  if (connection === null) return false;
  close(connection);
  return true;
}

/** Checks until `check` is true. @throws the signal's reason. */
export async function waitUntil(check: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!await check()) await delay(HEALTH_INTERVAL_MS, undefined, { signal });
  signal.throwIfAborted();
}

async function connect(port: number, signal?: AbortSignal): Promise<Deno.TcpConn | null> {
  try {
    const options = { hostname: LOOPBACK, port, ...(signal === undefined ? {} : { signal }) };
    const connection = await Deno.connect(options);
    // The system may pick the very port that is asked for: TCP then connects it to itself.
    if (connection.localAddr.port !== port) return connection;
    connection.close();
  } catch {
    // nobody listens yet, or nobody takes it in time
  }
  return null;
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // closed because it was late
  }
}
