import type { NodeProcess } from "../../../tests/support/node_process.ts";
import { Crowd } from "../../load/crowd.ts";
import type { Report } from "../../load/types.ts";
import { OTHER_CORES } from "../cores.ts";
import { type Figure, median } from "../figures.ts";
import { cpuDuring, ownRequests, Resident, type Setting, startHost, timesOf } from "./host.ts";

export interface ConnectedSetting extends Setting {
  readonly clients: number;
  readonly seconds: number;
}

/** Of all clients together: what the guide answers on one core beside everything else. */
const QUESTIONS_A_SECOND = 4;

/** Everybody asks at once when a host is gone; of all processes so many are under way. */
const ASKED_AT_ONCE = 64;

const KIB_PER_MIB = 1024;

/** All of them connected to one host at one time and in use, then that host is killed. */
export async function connectedFigures(setting: ConnectedSetting): Promise<Figure[]> {
  const { clients, seconds, processes } = setting;
  await using host = await startHost(setting);
  const alone = await ownRequests(host);
  const resident = new Resident(host);
  const bare = await resident.settled();
  await using crowd = await Crowd.start({ token: host.token, processes, cores: OTHER_CORES });
  const joins = await crowd.join(clients);
  const { result: refreshes, seconds: cpu } = await cpuDuring(
    host,
    () => crowd.watch(seconds * 1_000),
  );
  const { peers, node: { clientsConnected } } = await host.status();
  const [beside] = await Promise.all([ownRequests(host), crowd.watch(seconds * 1_000)]);
  const asked = await crowd.ask(seconds * 1_000, seconds * QUESTIONS_A_SECOND);
  const peak = (await resident.peak() - bare) * KIB_PER_MIB / clients;
  const perClient = (await resident.settled() - bare) * KIB_PER_MIB / clients;
  const killed = await failover(setting, host, crowd);
  const of = `${clients} connected:`;
  return [
    {
      name: `${of} joined, peer-list length`,
      value: `${clientsConnected}, ${peers.length}`,
      aim: "0 in the list",
    },
    {
      name: `${of} host's RSS per client a minute later, at its peak`,
      value: `${perClient.toFixed(0)} KiB, ${peak.toFixed(0)} KiB`,
      aim: "<= 300 KiB",
    },
    {
      name: `${of} host's CPU per client, refreshing every 45 s`,
      value: `${(cpu * 1e6 / seconds / clients).toFixed(0)} µs a second`,
    },
    { name: `${of} refresh`, ...timesOf(refreshes), aim: "p99 <= 300 ms" },
    {
      name: `${of} first byte of a request, ${QUESTIONS_A_SECOND} a second`,
      ...timesOf(asked),
      aim: "no failure",
    },
    { name: `${of} join (handshake, proof and first table)`, ...timesOf(joins) },
    {
      name: `${of} the host's own requests on its one core, p50 without and with them`,
      value: `${median(alone).toFixed(1)} ms, ${median(beside).toFixed(1)} ms (${
        (median(beside) / median(alone)).toFixed(2)
      })`,
      aim: "<= 1.10",
    },
    {
      name: `${of} next request after their host was killed`,
      ...timesOf(killed),
      aim: "no failure",
    },
  ];
}

/** A second host joins, the first is killed; everybody asks once. */
async function failover(setting: Setting, host: NodeProcess, crowd: Crowd): Promise<Report> {
  await using second = await startHost(setting, ["--join", host.token]);
  await crowd.each("refresh", ASKED_AT_ONCE);
  host.kill("SIGKILL");
  await host.exited;
  const report = await crowd.each("ask", ASKED_AT_ONCE);
  await second.status();
  return report;
}
