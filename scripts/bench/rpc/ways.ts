/** The loads of a split by one way between the nodes, and what is said of them. */

import type { Engine, ManagedServer } from "../../../src/engine/mod.ts";
import { QuicPair } from "../../../tests/tunnel/quic_pair.ts";
import {
  MeshedLoad,
  type MeshedLoadOptions,
  tokensOf,
} from "../../../tests/tunnel/weights/real_load.ts";
import { median, medianRatio } from "../figures.ts";
import { LanePair } from "./lane_pair.ts";

export interface Setting {
  readonly engine: Engine;
  readonly modelPath: string;
}

export /** One load, and what was asked of it. */
interface Measured {
  readonly loadMs: number;
  readonly tokens: string;
  readonly tokensPerSecond: number;
}

export const TOKENS = 40;

/** The ways of the streams between nodes, as a node chooses them with and without `--no-wide-lane`. */
export const WAYS = [
  { name: "wide lane", connect: LanePair.connect },
  { name: "QUIC", connect: QuicPair.connect },
] as const;

export const loads = (measured: readonly Measured[]) => measured.map(({ loadMs }) => loadMs);
export const rates = (measured: readonly Measured[]) => measured.map((one) => one.tokensPerSecond);
const firstsOf = ({ lacking }: Way) => lacking.map(({ first }) => first);

interface WayFigure {
  readonly name: string;
  readonly value: (
    way: Way,
    run: { readonly direct: readonly Measured[]; readonly size: number },
  ) => string;
  readonly aim?: string;
}

export const FIGURES: readonly WayFigure[] = [
  { name: "load, workers have the file", value: ({ meshed }) => ms(median(loads(meshed))) },
  {
    name: "ratio",
    value: ({ meshed }, { direct }) => ratio(medianRatio(loads(meshed), loads(direct))),
    aim: "<= 1.3",
  },
  {
    name: "bytes sent of weights saved",
    value: ({ having }) => percent(having.sent() / having.saved()),
    aim: "<= 1 %",
  },
  {
    name: "all bytes through a tunnel that understands nothing, of direct",
    value: ({ piped }, { direct }) => ratio(medianRatio(loads(piped), loads(direct))),
  },
  {
    name: "first load without the file, of direct",
    value: (way, { direct }) => ratio(medianRatio(loads(firstsOf(way)), loads(direct))),
    aim: "<= 1.3",
  },
  {
    name: "the same, of the tunnel that understands nothing",
    value: (way) => ratio(medianRatio(loads(firstsOf(way)), loads(way.piped))),
    aim: "<= 1.2",
  },
  {
    name: "bytes sent by its second load",
    value: ({ lacking }, { size }) =>
      percent(Math.max(...lacking.map(({ sentAgain }) => sentAgain)) / size),
    aim: "<= 1 %",
  },
  {
    name: "tokens per second, through the tunnel",
    value: ({ meshed }, { direct }) => ratio(medianRatio(rates(meshed), rates(direct))),
    aim: ">= 0.95",
  },
];

/** The loads by one way. */
export interface Way {
  readonly none: MeshedLoadOptions;
  readonly having: MeshedLoad;
  readonly pipe: MeshedLoad;
  readonly meshed: Measured[];
  readonly piped: Measured[];
  readonly lacking: Lacking[];
}

export async function prepareWay(
  options: Setting & Pick<MeshedLoadOptions, "connect">,
  stack: AsyncDisposableStack,
): Promise<Way> {
  const files = [options.modelPath];
  const none = { ...options, workers: [[], []] };
  return {
    none,
    having: stack.use(await MeshedLoad.start({ ...options, workers: [files, files] })),
    pipe: stack.use(await MeshedLoad.start({ ...none, understood: false })),
    meshed: [],
    piped: [],
    lacking: [],
  };
}

export async function measureWay(
  { none, having, pipe, meshed, piped, lacking }: Way,
): Promise<void> {
  meshed.push(await measure(() => having.launch()));
  piped.push(await measure(() => pipe.launch()));
  lacking.push(await measureLacking(none));
}

/** Both loads of workers that have nothing. */
interface Lacking {
  readonly first: Measured;
  readonly second: Measured;
  /** By the second. */
  readonly sentAgain: number;
}

async function measureLacking(options: MeshedLoadOptions): Promise<Lacking> {
  await using load = await MeshedLoad.start(options);
  const first = await measure(() => load.launch());
  const sentFirst = load.sent();
  const second = await measure(() => load.launch());
  return { first, second, sentAgain: load.sent() - sentFirst };
}

export async function measure(launch: () => ManagedServer): Promise<Measured> {
  const startedMs = performance.now();
  const server = launch();
  await server.ready();
  const loadMs = performance.now() - startedMs;
  await tokensOf(server, 2);
  const askedMs = performance.now();
  const tokens = await tokensOf(server, TOKENS);
  const tokensPerSecond = TOKENS / (performance.now() - askedMs) * 1_000;
  await server.stop();
  return { loadMs, tokens: tokens.join(), tokensPerSecond };
}

export const ms = (value: number) => `${value.toFixed(0)} ms`;
const ratio = (value: number) => value.toFixed(2);
const percent = (value: number) => `${(value * 100).toFixed(3)} %`;
