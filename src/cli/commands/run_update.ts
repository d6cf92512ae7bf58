/** `mesh-llm update`: a newer release in the place of this executable, or the former one again. */

import { pause } from "../../base/pause.ts";
import { jsonText, printable } from "../../base/printable.ts";
import { UPDATE_POLL_MS } from "../base/defaults.ts";
import { formatBytes } from "../base/format.ts";
import { printError, printOut, styled } from "../base/output.ts";
import { Screen } from "../base/screen.ts";
import { VERSION } from "../base/version.ts";
import { findRunningNode } from "../client/running_node.ts";
import type { UpdateCommand } from "../config/command.ts";
import { ProcessEvents } from "../terminal/process_events.ts";
import type { Runtime } from "../terminal/runtime.ts";
import {
  afterUpdate,
  askNode,
  type FoundService,
  isBehind,
  type ServiceReport,
  servicesOf,
  versionWords,
} from "./service/after_update.ts";
import { ANSWERS_WAIT_MS } from "./service/defaults.ts";
import { servicesHere } from "./service/find_service.ts";
import { noneRuns } from "./service/until_ready.ts";
import { keepLook, readKeptLook } from "../update/last_look.ts";
import { packagedBy } from "../update/place.ts";
import { targetName } from "../update/release_list.ts";
import { releaseSource } from "../update/release_source.ts";
import { RELEASE_KEY } from "../update/release_key.ts";
import {
  lookForRelease,
  rollBack,
  update,
  type Updated,
  type UpdateWorld,
} from "../update/update.ts";
import { UpdateError } from "../update/update_error.ts";
import { compareReleases } from "../../base/release_versions.ts";

/** A first Ctrl-C ends it in order: with everything as it was, or with the update and without its service's new start. */
export async function runUpdate(command: UpdateCommand, runtime: Runtime): Promise<number> {
  const screen = new Screen(styled.error, { live: runtime.stderrIsTerminal });
  const stopping = new AbortController();
  using events = new ProcessEvents({ hangups: true, onImpatience: () => Deno.exit(1) });
  void events.cause.then(() => stopping.abort(new UpdateError("Stopped. Nothing was changed")));
  const { signal } = stopping;
  if (command.check) return await check(command, signal);
  const executable = ownExecutable();
  const wait = async () => {
    screen.showLive(plainLine("Another update of this executable is running: waiting for its end"));
    await pause(UPDATE_POLL_MS, signal);
    signal.throwIfAborted();
  };
  const done = command.rollback
    ? await rollBack({ executable, signal, wait })
    : await update(worldOf(command, { executable, signal, wait }, screen), command.to);
  screen.print("");
  if (!command.json) printOut(doneText(done, command));
  const reports = await startAnew(executable, done, command, { screen, signal });
  if (command.json) {
    const services = reports.map(({ system, outcome }) => ({ system, outcome }));
    printOut(jsonText({ ...done, services }));
  }
  const failed = reports.filter(({ outcome }) => outcome === "failed");
  for (const { text } of failed) printError(`mesh-llm: ${text}\n`);
  return failed.length === 0 ? 0 : 1;
}

/**
 * The services that run it, with another version than is in place now; a node in the foreground is told. Interrupted from now
 * on, they are left as they are, and the next update finds them.
 */
async function startAnew(
  executable: string,
  done: Updated,
  { dataDir, restart, json }: UpdateCommand,
  { screen, signal }: { readonly screen: Screen; readonly signal: AbortSignal },
): Promise<readonly ServiceReport[]> {
  const all = await servicesOf(executable, servicesHere());
  const services = all.filter(({ version }) => isBehind(version, done));
  if (!json) await tellForeground(dataDir, done, all);
  const reports: ServiceReport[] = [];
  for (const found of services) {
    const tell = (words: string) => screen.showLive(plainLine(words, LATER));
    const report = await afterUpdate(found, { stays: !restart, signal, tell });
    screen.print("");
    if (report === null) continue;
    reports.push(report);
    if (report.outcome !== "failed" && !json) printOut(`${report.text}\n`);
  }
  return reports;
}

async function tellForeground(
  dataDir: string,
  done: Updated,
  services: readonly FoundService[],
): Promise<void> {
  const node = await findRunningNode(dataDir).catch(noneRuns);
  if (node === null || services.some(({ status }) => status.pid === node.pid)) return;
  const version = (await askNode(dataDir))?.status.version ?? null;
  if (!isBehind(version, done)) return;
  const words = printable(versionWords(version));
  printOut(`The node with pid ${node.pid} goes on with ${words} until it is started anew\n`);
}

const LATER = ` (${ANSWERS_WAIT_MS / 60_000} min at most; Ctrl-C leaves the service as it is)`;

async function check(command: UpdateCommand, signal: AbortSignal): Promise<number> {
  const source = releaseSource(command.from, command.proxies);
  const target = targetName(Deno.build);
  const { version } = await lookForRelease(
    { source, key: RELEASE_KEY, target, signal },
    command.to,
  );
  const isNewer = compareReleases(version, VERSION) > 0;
  // For the doctor.
  const { triedMs } = await readKeptLook(command.dataDir);
  await keepLook(command.dataDir, { look: { version, atMs: Date.now() }, triedMs });
  const found = isNewer
    ? `mesh-llm ${version} is there, and this is ${VERSION}: run mesh-llm update`
    : `This is mesh-llm ${VERSION}, and the release there is ${version}`;
  printOut(command.json ? jsonText({ current: VERSION, found: version, isNewer }) : `${found}\n`);
  return 0;
}

/** @throws {UpdateError} where this program is no file that an update may replace */
function ownExecutable(): string {
  if (!Deno.build.standalone) {
    throw new UpdateError("Cannot update: mesh-llm runs from its source here. Pull that anew");
  }
  const executable = Deno.execPath();
  const by = packagedBy(executable);
  if (by === null) return executable;
  throw new UpdateError(`Cannot update: ${executable} was installed by ${by}`);
}

function worldOf(
  command: UpdateCommand,
  part: Pick<UpdateWorld, "executable" | "signal" | "wait">,
  screen: Screen,
): UpdateWorld {
  const label = "Downloading mesh-llm";
  return {
    ...part,
    source: releaseSource(command.from, command.proxies),
    key: RELEASE_KEY,
    target: targetName(Deno.build),
    onBytes: (bytes) => screen.showLive(plainLine(label, ` ${formatBytes(bytes)}`)),
  };
}

function plainLine(label: string, more = "") {
  return { label, text: label + more, brief: label + more };
}

function doneText({ from, to }: Updated, command: UpdateCommand): string {
  if (from === to) return `This is mesh-llm ${to} already\n`;
  const kept = command.rollback
    ? `mesh-llm ${printable(from)} is kept: the same command goes forth to it`
    : `mesh-llm ${printable(from)} is kept: mesh-llm update --rollback goes back to it`;
  return `mesh-llm ${printable(to)} is in place. ${kept}\n`;
}
