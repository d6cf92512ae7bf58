import { Crowd } from "../../load/crowd.ts";
import { joinReports, type Report } from "../../load/types.ts";
import { OTHER_CORES } from "../cores.ts";
import type { Figure } from "../figures.ts";
import { ownRequests, Resident, type Setting, startHost, timesOf } from "./host.ts";

export interface IdleSetting extends Setting {
  /** The number of clients that have been connected at each measurement, in rising order. */
  readonly passing: readonly number[];
  /** Of them so many are connected at one time. */
  readonly atOnce: number;
}

const ASKED_AT_ONCE = 32;

/** Over the bare node, in MiB. */
interface Look {
  readonly passed: number;
  readonly peak: number;
  /** While the last of them are connected. */
  readonly connected: number;
  readonly gone: number;
}

/** Each client connects, asks once and goes idle, which closes its connection; all of them know the mesh. */
export async function idleFigures(setting: IdleSetting): Promise<Figure[]> {
  const { passing, atOnce, processes } = setting;
  await using host = await startHost(setting);
  await ownRequests(host);
  const resident = new Resident(host);
  const bare = await resident.settled();
  await using crowd = await Crowd.start({ token: host.token, processes, cores: OTHER_CORES });
  const reports: Report[] = [];
  const looks: Look[] = [];
  let passed = 0;
  await resident.peak();
  for (const next of passing) {
    while (passed < next) {
      await crowd.leave(atOnce);
      const coming = Math.min(atOnce, next - passed);
      reports.push({ ...await crowd.join(coming), ms: [] });
      reports.push(await crowd.each("ask", ASKED_AT_ONCE));
      passed += coming;
    }
    const peak = await resident.peak() - bare;
    const connected = await resident.settled() - bare;
    await crowd.leave(atOnce);
    const gone = await resident.settled() - bare;
    looks.push({ passed, peak, connected, gone });
  }
  const { node: { clientsConnected } } = await host.status();
  return [
    ...looks.flatMap((look) => figuresOf(look, atOnce)),
    slope(looks),
    { name: "connected at the end", value: `${clientsConnected}`, aim: "0" },
    {
      name: `first byte of a request of each of ${passed}`,
      ...timesOf(joinReports(reports)),
      aim: "no failure",
    },
  ];
}

function figuresOf({ passed, peak, connected, gone }: Look, atOnce: number): Figure[] {
  const of = `${passed} mostly idle, ${atOnce} at a time: host's RSS over the bare node`;
  const mib = (value: number) => `${value.toFixed(0)} MiB`;
  return [
    {
      name: `${of}, a minute later with ${atOnce} connected`,
      value: mib(connected),
      aim: "<= 96 MiB",
    },
    { name: `${of}, a minute after the last has gone`, value: mib(gone), aim: "none" },
    { name: `${of}, at its peak`, value: mib(peak) },
  ];
}

/** Between the first look and the last. */
function slope(looks: readonly Look[]): Figure {
  const [first, last] = [looks[0], looks.at(-1)];
  const kib = first === undefined || last === undefined || first === last
    ? NaN
    : (last.gone - first.gone) * 1024 / (last.passed - first.passed);
  return {
    name: "host's RSS for each further client that came and has gone",
    value: `${kib.toFixed(1)} KiB`,
    aim: "none",
  };
}
