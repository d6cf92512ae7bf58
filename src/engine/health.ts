/** Whether a server answers. */

import { setTimeout as delay } from "node:timers/promises";
import { HEALTH_INTERVAL_MS, HEALTH_TIMEOUT_MS, LOOPBACK } from "./defaults.ts";

/**
 * One look at a llama-server's `/health`: 200 once the model is loaded, 503 before. Over plain TCP,
 * because `fetch` would send it to the proxy that the environment may name.
 */
export async function isHealthy(port: number): Promise<boolean> {
  const connection = await connect(port);
  if (connection === null) return false;
  // Closing the connection ends the read below.
  const timer = setTimeout(() => connection.close(), HEALTH_TIMEOUT_MS);
  try {
    const request =
      `GET /health HTTP/1.1\r\nHost: ${LOOPBACK}:${port}\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    const start = new Uint8Array(STATUS_OK.length);
    const count = await connection.read(start) ?? 0;
    return new TextDecoder().decode(start.subarray(0, count)) === STATUS_OK;
  } catch {
    return false; // it hung up or timed out: not healthy yet
  } finally {
    clearTimeout(timer);
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

/** Looks until `check` is true. @throws the signal's reason. */
export async function waitUntil(check: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!await check()) await delay(HEALTH_INTERVAL_MS, undefined, { signal });
  signal.throwIfAborted();
}

async function connect(port: number): Promise<Deno.TcpConn | null> {
  try {
    const connection = await Deno.connect({ hostname: LOOPBACK, port });
    // The system may pick the very port that is asked for: TCP then connects it to itself.
    if (connection.localAddr.port !== port) return connection;
    connection.close();
  } catch {
    // nobody listens yet
  }
  return null;
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // closed by the timer
  }
}
