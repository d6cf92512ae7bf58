/** Names, metadata and messages of others in everything that the program prints for people. */

import type { LogRecord } from "@logtape/logtape";
import assert from "node:assert/strict";
import { join } from "node:path";
import type { CatalogEntry, InviteStatus, KeyView, Status } from "../../src/api/mod.ts";
import { downloadLine } from "../../src/cli/client/download_line.ts";
import { describeFailure } from "../../src/cli/terminal/errors.ts";
import { pretty } from "../../src/cli/terminal/pretty.ts";
import { doctorText } from "../../src/cli/commands/run_doctor.ts";
import { modelsText } from "../../src/cli/commands/run_models.ts";
import { planText } from "../../src/cli/commands/run_plan.ts";
import { statusText } from "../../src/cli/commands/run_status.ts";
import { keysText } from "../../src/cli/commands/run_key.ts";
import { invitesText } from "../../src/cli/commands/run_token.ts";
import { runProgram, temporaryFolder } from "../support/program.ts";
import { MODEL_METADATA, sampleHeader } from "../models/sample_gguf.ts";
import { entry, SPLIT } from "../support/catalog_entries.ts";
import { entry as metadata, headerBytes } from "../support/gguf_writer.ts";
import { status } from "./status_of_two.ts";

/** Clears the screen, fakes a line of ours, and runs backwards. */
const EVIL = "x\x1b[2J\u009b1m\r\nWarning: run rm -rf ~\u2028\u202egpj\u200b";
const HARMFUL = /[^\n\P{Cc}]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** The value with the evil words behind each of its texts that are not one of a few of our own. */
function poisoned<T>(value: T, own: ReadonlySet<string>): T {
  if (typeof value === "string") return (own.has(value) ? value : value + EVIL) as T;
  if (Array.isArray(value)) return value.map((item) => poisoned(item, own)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, poisoned(item, own)]),
  ) as T;
}

const OWN = new Set(["host", "worker", "warm", "cold", "waiting", "split", "solo", "member"]);

function assertSame(hostile: string, tame: string): void {
  assert.doesNotMatch(hostile, HARMFUL);
  assert.equal(hostile.split("\n").length, tame.split("\n").length, hostile);
  assert.doesNotMatch(hostile, /^Warning/m);
}

const listed = entry({ places: ["disk"], fit: SPLIT });

const key: KeyView = {
  name: "bob",
  models: ["guide"],
  requestsPerMinute: null,
  tokensPerMinute: null,
  manage: false,
  made: true,
};

const invite: InviteStatus = {
  id: "9f3c0a52d4e1b786",
  role: "member",
  name: "Ann",
  mayInvite: false,
  expiresAt: null,
  state: "valid",
  createdAt: 1,
  usedBy: [],
};

/** Names of devices are keys as well. */
function holding(device: string, { node, ...status }: Status): Status {
  const serving = node.serving.map((part) => ({ ...part, reservedBytes: { [device]: 1e9 } }));
  return { ...status, node: { ...node, serving } };
}

const texts: [what: string, show: (change: <T>(value: T) => T) => string][] = [
  ["status", (change) => statusText(holding(change("CUDA0"), change<Status>(status)))],
  ["plan", (change) => planText(change(listed), change<Status>(status))],
  ["plan of an unread file", (change) => planText({ ...change(listed), fit: null }, null)],
  [
    "models",
    (change) =>
      modelsText([
        { ...change(listed), places: ["disk"] },
        { ...change(listed), broken: change("it is cut") },
      ], { all: true }),
  ],
  ["key list", (change) => keysText([change(key)])],
  ["token list", (change) => invitesText([change(invite)])],
  [
    "a download",
    (change) =>
      downloadLine(change("name"), {
        state: "running",
        receivedBytes: 1,
        totalBytes: 2,
        bytesPerSecond: 1,
        secondsLeft: 1,
        error: null,
      }, false).label,
  ],
  [
    "an error",
    (change) => describeFailure(new Error(change("It broke")), { debug: false }).message,
  ],
];

for (const [what, show] of texts) {
  Deno.test(`${what} shows hostile words as words, in as many lines as harmless ones`, () => {
    assertSame(show((value) => poisoned(value, OWN)), show((value) => value));
  });
}

Deno.test("doctor says what is hostile in a finding of its own and in no other", () => {
  const finding = { check: "peers", level: "problem", found: "bob", remedy: "See" } as const;
  const text = doctorText([{ ...finding, found: `bob ${EVIL}`, remedy: `See ${EVIL}` }]);
  assert.doesNotMatch(text, HARMFUL);
  assert.doesNotMatch(text, /^Warning/m);
});

const logged: Record<string, unknown>[] = [
  { event: "peer", peer: "12D3", name: "mallory", change: "joined" },
  { event: "serving", model: "m", mode: "solo", loadMs: 1 },
  { event: "plan", role: "host", model: "m", mode: "solo", instead: "n" },
  { event: "plan", role: "worker", model: "m", automatic: true, reason: "r" },
  { event: "waiting", model: "m", needBytes: 1, haveBytes: 1 },
  { event: "progress", task: "download", model: "m", fraction: 0.5 },
  { event: "progress", task: "install", step: "s", receivedBytes: 1, totalBytes: null },
  { event: "stopped", reason: "r" },
];
const OF_EVENTS = new Set([...OWN, ...logged.map(({ event }) => String(event)), "joined"]);
const OPTIONS = { colour: false, verbose: true, startCommand: "mesh-llm", console: true };

for (const properties of logged) {
  Deno.test(`the terminal shows a hostile ${properties.event} in one line`, () => {
    const record: LogRecord = {
      category: ["mesh-llm"],
      level: "info",
      timestamp: 0,
      message: [],
      rawMessage: "",
      properties: poisoned(properties, new Set([...OF_EVENTS, "download", "install"])),
    };
    const shown = pretty(record, OPTIONS);
    assert.ok(shown !== null);
    assert.doesNotMatch(shown.text, HARMFUL);
    assert.equal(shown.text.trimEnd().split("\n").length, 1);
  });
}

Deno.test("files with hostile names and metadata are listed in lines of ours", async () => {
  await using folder = await temporaryFolder();
  const models = join(folder.path, "models");
  await Deno.mkdir(models);
  const longKey = `${EVIL}${"k".repeat(60_000)}`;
  const noType = { key: longKey, type: 99, value: new Uint8Array(4) };
  const broken = headerBytes({ metadata: [...MODEL_METADATA, noType], tensors: [] });
  await Deno.writeFile(join(models, "\x1b]0;owned\x07\nWarning: evil\u202e.gguf"), broken);
  await Deno.writeFile(join(models, "plain.gguf"), broken);
  await Deno.writeFile(
    join(models, "named.gguf"),
    sampleHeader({ metadata: [metadata("general.architecture", `llama${EVIL}`)] }),
  );
  const options = ["--models-dir", models, "--data-dir", join(folder.path, "data")];
  for (const command of [["models"], ["plan", "named"], ["plan", `${EVIL}`], ["doctor"]]) {
    const { stdout, stderr } = await runProgram([...command, ...options]);
    assert.doesNotMatch(stdout + stderr, HARMFUL, command[0]);
    assert.doesNotMatch(stdout + stderr, /^Warning/m);
    for (const line of (stdout + stderr).split("\n")) assert.ok(line.length < 600, command[0]);
  }
  const json = await runProgram(["models", "--json", ...options]);
  assert.doesNotMatch(json.stdout, HARMFUL);
  const names = JSON.parse(json.stdout).map(({ broken }: CatalogEntry) => broken ?? "");
  assert.ok(names.some((sentence: string) => sentence.includes("\nWarning: evil\u202e.gguf")));
});
