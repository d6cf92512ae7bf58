/** `mesh-llm relay` and what belongs to it. */

import { finishesWithin } from "../../base/finishes_within.ts";
import { jsonText, printable } from "../../base/printable.ts";
import { shortenTimeSlices } from "../../base/time_slices.ts";
import type { RelayView } from "../../api/mod.ts";
import type { RelayStatus } from "../../node/mod.ts";
import { CLAIM_WAIT_MS, LOG_FLUSH_MS, STOP_LIMIT_MS, TIME_SLICE_NS } from "../base/defaults.ts";
import { count, formatBytes, formatTime, table } from "../base/format.ts";
import { printError, printOut } from "../base/output.ts";
import { place, relaysText } from "../base/relays_text.ts";
import { VERSION } from "../base/version.ts";
import { findRunningNode } from "../client/running_node.ts";
import type {
  RelayAddCommand,
  RelayClaimCommand,
  RelayListCommand,
  RelayRemoveCommand,
  RelayRunCommand,
  RelayStatusCommand,
} from "../config/command.ts";
import { readInvite } from "../config/read_invite.ts";
import { LogOutput } from "../terminal/log_output.ts";
import { configureLogging } from "../terminal/logging.ts";
import { ProcessEvents } from "../terminal/process_events.ts";
import type { Runtime } from "../terminal/runtime.ts";

/** Resolves with the exit code once the relay has stopped. @throws what kept it from starting or broke it. */
export async function runRelay(command: RelayRunCommand, runtime: Runtime): Promise<number> {
  const { json, ...config } = command;
  const output = new LogOutput(Deno.stdout, { onLost: () => undefined });
  const { logger } = configureLogging({
    format: json ? "json" : "pretty",
    colour: runtime.colour,
    terminal: runtime.stdoutIsTerminal,
    verbose: runtime.debug,
    secrets: !runtime.service,
    startCommand: runtime.commands.start,
    console: false,
  }, (text) => output.write(text));
  using events = new ProcessEvents({
    hangups: runtime.stdoutIsTerminal,
    onImpatience: () => Deno.exit(1),
  });
  const { startRelay } = await import("../../node/mod.ts");
  const relay = await startRelay(config, { logger, version: VERSION });
  // Now that the threads of its network are there.
  shortenTimeSlices(TIME_SLICE_NS);
  const { status: { peer, addresses, meshes }, claim } = relay;
  logger.info("The relay runs", {
    event: "relay",
    node: peer,
    addresses,
    meshes: meshes.length,
    claim,
  });
  const end = await events.cause;
  const inTime = await finishesWithin(relay.stop(), STOP_LIMIT_MS);
  await finishesWithin(output.flushed(), LOG_FLUSH_MS);
  if (end.kind === "failure") throw end.error;
  return inTime ? 0 : 1;
}

/** Prints the claim alone, so that it can be piped. */
export async function runRelayClaim({ dataDir, json }: RelayClaimCommand): Promise<number> {
  const { makeClaim } = await import("../../node/mod.ts");
  const made = await makeClaim(dataDir);
  printOut(json ? jsonText(made) : `${made.claim}\n`);
  if (!json) {
    printError(`It is worth one mesh, until ${formatTime(made.expiresAt)} (UTC)\n`);
  }
  return 0;
}

export async function runRelayStatus({ dataDir, json }: RelayStatusCommand): Promise<number> {
  const { relayStatus } = await import("../../node/mod.ts");
  const status = await relayStatus(dataDir);
  if (status === null) {
    printError(`mesh-llm: No relay is running on ${dataDir}: start one with mesh-llm relay\n`);
    return 1;
  }
  printOut(json ? jsonText(status, { indent: 2 }) : statusText(status));
  return 0;
}

export async function runRelayAdd(command: RelayAddCommand): Promise<number> {
  const { dataDir, name, json } = command;
  const claim = readInvite(command.claim);
  const node = await findRunningNode(dataDir);
  const asked = { claim, ...(name !== null && { name }) };
  // The node that answers is this program; its contract is docs/management-api.md.
  const relay = await node.post("/api/relays", asked, { timeoutMs: CLAIM_WAIT_MS }) as RelayView;
  printOut(json ? jsonText(relay) : `The relay ${relay.id} carries for this mesh from now on\n`);
  return 0;
}

export async function runRelayList({ dataDir, json }: RelayListCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  const { relays } = await node.get("/api/relays") as { relays: RelayView[] };
  printOut(json ? jsonText({ relays }, { indent: 2 }) : relaysText(relays));
  return 0;
}

export async function runRelayRemove({ dataDir, id, json }: RelayRemoveCommand): Promise<number> {
  const node = await findRunningNode(dataDir);
  await node.delete(`/api/relays/${encodeURIComponent(id)}`);
  printOut(
    json ? jsonText({ id }) : `The relay ${printable(id)} carries for this mesh no longer\n`,
  );
  return 0;
}

export function statusText({ peer, addresses, openClaims, meshes }: RelayStatus): string {
  const head = `Relay ${peer}\nAt ${addresses.map(place).join(", ")}\n` +
    `${count(openClaims, "claim")} not used yet\n`;
  if (meshes.length === 0) return `${head}No mesh has claimed it\n`;
  return head + table([
    ["MESH", "MACHINES HERE", "PAIRS", "CARRIED", "DROPPED"],
    ...meshes.map(({ mesh, peers, pairs, bytes, dropped }) => [
      printable(mesh),
      `${peers}`,
      `${pairs}`,
      formatBytes(bytes),
      count(dropped, "datagram"),
    ]),
  ]);
}
