/** Facts -> what is well, what is not, and what to do. Pure. */

import type { Finding as NodeFinding, Status } from "../../../api/mod.ts";
import { deviceText } from "../../base/device_text.ts";
import { count, formatBytes, formatRoundTrip } from "../../base/format.ts";
import { carrierNames, reachedText } from "../../base/reached_text.ts";
import { sameEngineRemedy } from "../../../engine/mod.ts";
import { CLOCK_TOLERANCE_MS, LOW_DISK_BYTES } from "../../../node/config.ts";
import { differingVersions } from "../../../base/differing_versions.ts";
import { compareReleases } from "../../../base/release_versions.ts";
import type { DoctorFacts, PortFact } from "./facts.ts";

export interface Finding {
  /** The name of the check, in a word or two. */
  readonly check: string;
  /** A problem keeps something from working; a warning will, or makes it worse. */
  readonly level: "ok" | "warning" | "problem";
  readonly found: string;
  /** The remedy; `null` if all is well. */
  readonly remedy: string | null;
}

/** In the order in which one would look. */
export function findingsOf(facts: DoctorFacts): readonly Finding[] {
  return [
    engine(facts),
    ...gpu(facts),
    quic(facts),
    ...facts.ports.map(port),
    dataDir(facts),
    ...dataDirPlace(facts),
    ...disk(facts),
    models(facts),
    ...facts.brokenModels.map((sentence) =>
      problem("models", sentence, "Remove the file, or download it again")
    ),
    ...clock(facts),
    ...update(facts),
    ...(facts.node === null ? [noNode()] : mesh(facts.node, facts)),
  ];
}

/** Findings about the settings file: each sentence ends with a remedy. */
export function settingsFindings(warnings: readonly string[]): readonly Finding[] {
  return warnings.map((sentence) => {
    const [found = "", remedy = ""] = sentence.split(": run ");
    return warning("settings", found, `Run ${remedy}`);
  });
}

function ok(check: string, found: string): Finding {
  return { check, level: "ok", found, remedy: null };
}

function warning(check: string, found: string, remedy: string): Finding {
  return { check, level: "warning", found, remedy };
}

function problem(check: string, found: string, remedy: string): Finding {
  return { check, level: "problem", found, remedy };
}

function engine({ engine }: DoctorFacts): Finding {
  if (engine.kind === "none") return ok("llama.cpp", "A client needs none");
  if (engine.kind === "works") {
    return ok("llama.cpp", `Build ${engine.build}, RPC protocol ${engine.rpcProtocol}`);
  }
  return withRemedy("llama.cpp", engine.sentence, "Run mesh-llm engine install");
}

/** @param sentence of an error, whose end says what to do, if it knows */
function withRemedy(check: string, sentence: string, otherwise: string): Finding {
  const end = sentence.lastIndexOf(". ");
  return end < 0
    ? problem(check, sentence, otherwise)
    : problem(check, sentence.slice(0, end), sentence.slice(end + 2));
}

function gpu({ engine }: DoctorFacts): Finding[] {
  if (engine.kind !== "works") return [];
  const { found, remedy } = engine.advice;
  const better = found === null
    ? []
    : [remedy === null ? ok("devices", found) : warning("devices", found, remedy)];
  return [
    ...better,
    ...engine.devices.map((device) => ok("devices", deviceText(device))),
    ...engine.leftOut.map(({ name, description, reason }) =>
      ok("devices", `${name} (${description}) is not used: ${reason}`)
    ),
  ];
}

function quic({ quicProblem }: DoctorFacts): Finding {
  if (quicProblem === null) return ok("QUIC", "Its addon works here");
  return withRemedy("QUIC", quicProblem, "Name a --data-dir that you may write to");
}

function port({ flag, port, protocol, use }: PortFact): Finding {
  const found = `${protocol} port ${port} is ${use === "free" ? "free" : `used by ${use}`}`;
  if (use !== "another program") return ok("ports", found);
  const remedy = `Stop that program, or start with ${flag} and another port`;
  return problem("ports", found, remedy);
}

function dataDir({ dataDir: { path, unusable } }: DoctorFacts): Finding {
  if (unusable === null) return ok("data directory", path);
  return problem(
    "data directory",
    `Nothing can be written to ${path}: ${unusable}`,
    "Make it writable for this user, or name another one with --data-dir",
  );
}

function dataDirPlace({ dataDir: { warning: sentence = null } }: DoctorFacts): Finding[] {
  if (sentence === null) return [];
  const [found = "", remedy = ""] = sentence.split(": name ");
  return [warning("data directory", found, `Name ${remedy}`)];
}

function disk({ dataDir: { path, freeBytes } }: DoctorFacts): Finding[] {
  if (freeBytes === null) return [];
  const found = `${formatBytes(freeBytes)} are free at ${path}`;
  if (freeBytes >= LOW_DISK_BYTES) return [ok("disk", found)];
  return [warning("disk", found, "Free some space before you download a model")];
}

function models({ models }: DoctorFacts): Finding {
  return ok("models", `${count(models, "model")} on this disk`);
}

/** A clock that is behind makes invites and announcements look expired or from the future. */
function clock({ dataDir: { newestMs }, nowMs, node }: DoctorFacts): Finding[] {
  const remedy = "Set the clock, or switch its synchronisation on";
  if (newestMs !== null && newestMs > nowMs + CLOCK_TOLERANCE_MS) {
    const found = "This machine's clock is behind: its own files are from the future";
    return [problem("clock", found, remedy)];
  }
  const ahead = (node?.peers ?? []).filter(({ startedMs }) =>
    startedMs !== null && startedMs > nowMs + CLOCK_TOLERANCE_MS
  );
  if (ahead.length === 0) return [ok("clock", new Date(nowMs).toISOString())];
  const found = `${names(ahead)} started in the future: one of the clocks is wrong`;
  return [problem("clock", found, remedy)];
}

/** No server is asked here: a person has looked, or nobody has. */
function update({ version, update }: DoctorFacts): Finding[] {
  if (update === null) return [];
  if (update.look === null) {
    return [ok("update", "Nobody has looked for a newer mesh-llm: mesh-llm update --check does")];
  }
  const { look } = update;
  const day = new Date(look.atMs).toISOString().slice(0, 10);
  if (compareReleases(look.version, version) <= 0) {
    return [ok("update", `There was no newer mesh-llm on ${day}`)];
  }
  const found = `mesh-llm ${look.version} was there on ${day}, and this is ${version}`;
  return [warning("update", found, "Run mesh-llm update")];
}

function noNode(): Finding {
  return ok("node", "None is running here: start one to check its mesh too");
}

function mesh(node: NonNullable<DoctorFacts["node"]>, facts: DoctorFacts): Finding[] {
  return [
    addresses(node),
    ...localNetwork(node),
    ...router(node),
    ...node.peers.map((peer) => reach(peer, node.status)),
    ...ofNode(node),
    ...protocols(node, facts),
    ...versions(node, facts),
  ];
}

function addresses({ status: { node } }: NonNullable<DoctorFacts["node"]>): Finding {
  if (node.role === "client") return ok("addresses", "A client only dials");
  const own = node.addresses.filter((address) => !/^\/ip4\/127\.|^\/ip6\/::1\//.test(address));
  if (own.length > 0) {
    return ok(
      "addresses",
      own.map((address) => address.split("/p2p/")[0]).join(", "),
    );
  }
  return warning(
    "addresses",
    "This node has no address that another machine could reach",
    "Connect this machine to a network",
  );
}

const LAN_REMEDY =
  "Programs share UDP port 5353 unless one opens it for itself: end that one, or let the port through the " +
  "firewall; --no-lan does without";

function localNetwork({ status: { node, lan } }: NonNullable<DoctorFacts["node"]>): Finding[] {
  if (lan === undefined || lan.state === "off") return [];
  if (lan.problem !== null) {
    return [warning("local network", lan.problem, LAN_REMEDY)];
  }
  const others = lan.meshes.map(({ name }) => `${name}'s mesh`);
  const own = lan.peers.length === 0 ? [] : [`${count(lan.peers.length, "machine")} of this mesh`];
  const found = [...own, ...others];
  if (found.length > 0) return [ok("local network", `Found there: ${found.join(", ")}`)];
  // It tells no program that its user has not allowed it: one only hears nobody.
  const hint = node.system?.startsWith("darwin")
    ? "; macOS has to allow this program the local network, in Privacy & Security of its settings"
    : "";
  return [ok("local network", `Nobody else was found there${hint}`)];
}

const NOT_MAPPED = "Machines elsewhere can't begin a connection to this one";

/** Each of these is well on one network: only machines elsewhere would need the port. */
function router({ status: { node, portMapping } }: NonNullable<DoctorFacts["node"]>): Finding[] {
  if (portMapping === undefined || portMapping.state === "off") return [];
  const { state, by, address, problem } = portMapping;
  const port = node.addresses[0]?.split("/")[4] ?? "of --bind-port";
  switch (state) {
    case "mapped":
      return [ok("router", `It leads UDP ${address} to this machine, asked by ${by}`)];
    case "hidden":
      return [
        ok("router", `Another router stands before it, which has ${address}. ${NOT_MAPPED}`),
      ];
    case "looking":
      return [ok("router", "It was asked for a port and has not answered yet")];
    case "none":
      return [
        ok(
          "router",
          `${
            problem ?? "It opens no port for programs"
          }. ${NOT_MAPPED}, unless UPnP or NAT-PMP is switched on ` +
            `there, or UDP port ${port} is forwarded to it`,
        ),
      ];
  }
}

function reach({ id, name, unreachable, addresses }: PeerOf, status: Status): Finding {
  if (unreachable === null) {
    const { reached, rttMs = null } = status.peers.find((peer) => peer.id === id) ?? {};
    const how = [
      reachedText(reached, carrierNames(status)),
      rttMs === null ? "" : `round trip ${formatRoundTrip(rttMs)}`,
    ].filter((text) => text !== "");
    const found = [`${name} answers`, ...how].join(", ");
    return reached?.kind === "relayed"
      ? warning("peers", found, reached.advice)
      : ok("peers", found);
  }
  return problem(
    "peers",
    `${name} does not answer: ${unreachable}`,
    `See that it runs, and that UDP passes to ${addresses[0]?.split("/p2p/")[0] ?? "it"}`,
  );
}

type PeerOf = NonNullable<DoctorFacts["node"]>["peers"][number];

/** Findings that only the node itself can have, by the name of their check; the rest is checked here anew. */
const OF_NODE: Readonly<Partial<Record<NodeFinding["about"], string>>> = {
  waiting: "memory",
  failed: "models",
  alias: "models",
  context: "models",
};

function ofNode({ status: { findings = [] } }: NonNullable<DoctorFacts["node"]>): Finding[] {
  return findings.flatMap(({ about, level, found, remedy }) => {
    const check = OF_NODE[about];
    return check === undefined ? [] : [{ check, level, found, remedy }];
  });
}

function protocols({ status, peers }: NonNullable<DoctorFacts["node"]>, { engine }: DoctorFacts) {
  if (engine.kind !== "works") return [];
  const others = peers.filter(({ rpcProtocol }) =>
    rpcProtocol !== null && rpcProtocol !== engine.rpcProtocol
  );
  if (others.length === 0) return [];
  const self = { id: status.node.id, name: status.node.name, rpcProtocol: engine.rpcProtocol };
  const speaking = peers.flatMap(({ id, name, rpcProtocol }) =>
    rpcProtocol === null ? [] : [{ id, name, rpcProtocol }]
  );
  const remedy = sameEngineRemedy([self, ...speaking], self.id);
  const spoken = others.map(({ name, rpcProtocol }) => `${name} speaks ${rpcProtocol}`).join(", ");
  const found = `${spoken}, this machine ${engine.rpcProtocol}: they can't share a model`;
  return [problem("RPC protocol", found, remedy)];
}

function versions({ peers }: NonNullable<DoctorFacts["node"]>, { version }: DoctorFacts) {
  const differing = differingVersions(version, peers);
  if (differing === null) return [ok("version", `mesh-llm ${version}, on every node`)];
  return [warning("version", differing.found, differing.remedy)];
}

function names(peers: readonly PeerOf[]): string {
  return peers.map(({ name }) => name).join(", ");
}
