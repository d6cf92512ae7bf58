/** `mesh-llm download NAME`: by the running node, which counts its mesh; else for this machine alone. */

import { pause } from "../../base/pause.ts";
import { jsonText, printable } from "../../base/printable.ts";
import type { DownloadStatus } from "../../api/mod.ts";
import type { DownloadCommand } from "../config/command.ts";
import { DOWNLOAD_POLL_MS, DOWNLOAD_START_TIMEOUT_MS } from "../base/defaults.ts";
import { offlineOptions } from "../client/ask_catalog.ts";
import { downloadLine } from "../client/download_line.ts";
import { findKeepingNode } from "../client/keeping_node.ts";
import { formatBytes } from "../base/format.ts";
import { printOut, styled } from "../base/output.ts";
import { ProcessEvents } from "../terminal/process_events.ts";
import type { RunningNodeClient } from "../client/running_node.ts";
import type { Runtime } from "../terminal/runtime.ts";
import { Screen } from "../base/screen.ts";

/** It broke off, with a sentence that says what is kept. */
export class DownloadBrokenError extends Error {
  override name = "DownloadBrokenError";
}

interface Ended {
  readonly name: string;
  /** `null` once the model is there. */
  readonly status: DownloadStatus | null;
}

type Show = (name: string, status: DownloadStatus) => void;

/** A first Ctrl-C keeps what has arrived and ends it in order. */
export async function runDownload(command: DownloadCommand, runtime: Runtime): Promise<number> {
  const screen = new Screen(styled.error, { live: runtime.stderrIsTerminal });
  const stopping = new AbortController();
  using events = new ProcessEvents({ hangups: true, onImpatience: () => Deno.exit(1) });
  void events.cause.then(() => stopping.abort(new Error("Stopped")));
  let last: DownloadStatus | null = null;
  const show: Show = (name, status) => {
    last = status;
    screen.showLive(downloadLine(name, status, runtime.colour));
  };
  // The node downloads to its own folder, and another one was asked for.
  const node = command.modelsDir === null ? await findKeepingNode(command.dataDir) : null;
  const { name, status } = node === null
    ? await downloadHere(command, runtime, { show, signal: stopping.signal })
    : await downloadBy(node, command.model, { show, signal: stopping.signal });
  screen.print("");
  if (status !== null) throw new DownloadBrokenError(brokenText(name, status));
  printOut(doneText(name, last, command.json));
  return 0;
}

interface Watch {
  readonly show: Show;
  readonly signal: AbortSignal;
}

async function downloadBy(
  node: RunningNodeClient,
  reference: string,
  { show, signal }: Watch,
): Promise<Ended> {
  const route = (name: string) => `/api/models/${encodeURIComponent(name)}/download`;
  const limit = { timeoutMs: DOWNLOAD_START_TIMEOUT_MS };
  const started = await node.post(route(reference), {}, limit);
  const { name, download } = started as { name: string; download: DownloadStatus };
  let status: DownloadStatus | null = download;
  while (status?.state === "running") {
    show(name, status);
    if (signal.aborted) await node.post(`${route(name)}/pause`, {}, limit);
    else await pause(DOWNLOAD_POLL_MS, signal);
    status = await node.get(route(name)) as DownloadStatus | null;
  }
  return { name, status };
}

async function downloadHere(
  command: DownloadCommand,
  runtime: Runtime,
  { show, signal }: Watch,
): Promise<Ended> {
  const { offlineDownload } = await import("../../node/mod.ts");
  const { model, hub } = command;
  return await offlineDownload(model, {
    ...offlineOptions(command, runtime),
    hub,
    onProgress: (status) => show(model, status),
    signal,
  });
}

function brokenText(name: string, { receivedBytes, totalBytes, error }: DownloadStatus): string {
  if (error !== null) return error;
  return `Stopped with ${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)} of ` +
    `${printable(name)}: the same command goes on from there`;
}

function doneText(name: string, last: DownloadStatus | null, json: boolean): string {
  const sizeBytes = last?.totalBytes ?? 0;
  if (json) return jsonText({ name, sizeBytes });
  const shown = printable(name);
  return `${shown} is here (${formatBytes(sizeBytes)}): mesh-llm --model ${shown} serves it\n`;
}
