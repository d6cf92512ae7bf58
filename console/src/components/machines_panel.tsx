import { memo } from "preact/compat";
import { formatBytes, formatRate, formatRoundTrip } from "../lib/format.ts";
import type { DeviceView, Machine } from "../lib/mesh_shapes.ts";
import { deviceKind, doing, doingPart, memoryText, roleText, takeText } from "../lib/words.ts";
import { Later } from "./later.tsx";
import { Bar, type BarPart, TINTS } from "./bar.tsx";

/** A piece for each model, and one for what is in use besides. */
function barParts({ memory: { usedBytes, totalBytes }, takes }: DeviceView): BarPart[] {
  const taken = takes.reduce((sum, { bytes }) => sum + bytes, 0);
  const parts = takes.map(({ index, bytes }) => ({ tint: index, fraction: bytes / totalBytes }));
  return [...parts, { tint: null, fraction: Math.max(0, usedBytes - taken) / totalBytes }];
}

interface MemoryBarProps {
  readonly device: DeviceView;
  readonly owner: string;
  /** Whether several models could hold some of it: else the machine's one model does. */
  readonly shared: boolean;
}

function MemoryBar({ device, owner, shared }: MemoryBarProps) {
  const { memory, name, kind, takes } = device;
  if (memory.totalBytes === 0) return null;
  const text = memoryText(memory);
  const legend = shared ? takes : [];
  return (
    <li class="device">
      <span>
        <bdi class="device-name">{name}</bdi>
        {kind !== null && <span class="muted">{` ${deviceKind(kind)}`}</span>}
      </span>
      <Bar
        label={`Memory of ${owner}: ${name}`}
        text={[text, ...legend.map(takeText)].join(", ")}
        fraction={memory.usedBytes / memory.totalBytes}
        parts={shared ? barParts(device) : []}
        mark={memory.offeredBytes / memory.totalBytes}
      />
      <span class="muted">{text}</span>
      {legend.length > 0 && (
        <ul class="takes">
          {legend.map((take) => (
            <li key={take.index}>
              <span class="swatch" data-tint={take.index % TINTS} aria-hidden="true" />
              <bdi>{takeText(take)}</bdi>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function distance(machine: Machine): string | null {
  const { isSelf, rttMs, way, bulk } = machine;
  if (isSelf) return "this machine";
  const away = rttMs === null ? [] : [`${formatRoundTrip(rttMs)} away`];
  const rpc = bulk === null ? [] : [`RPC by ${bulk}`];
  const words = [...(way === null ? [] : [way.text]), ...away, ...rpc];
  return words.length === 0 ? null : words.join(", ");
}

/** The memory of a machine, if it does not list its devices. */
function devicesOf({ devices, memory }: Machine): readonly DeviceView[] {
  return devices.length > 0 ? devices : [{ name: "Memory", kind: null, memory, takes: [] }];
}

/** All that it does: one sentence, or a list where it has a part in several models. */
function Doing({ machine, rate }: MachineCardProps) {
  const speed = rate > 0 && <strong class="rate">{formatRate(rate)}</strong>;
  if (machine.parts.length < 2) {
    return (
      <p class="doing">
        <bdi>{doing(machine)}</bdi>
        {speed}
      </p>
    );
  }
  return (
    <>
      <ul class="doing parts">
        {machine.parts.map((part, index) => (
          <li key={index} data-part={part.model} data-state={part.state}>
            <span class="swatch" data-tint={index % TINTS} aria-hidden="true" />
            <span>
              <bdi>{doingPart(part)}</bdi>
              {part.pinned && <span class="muted">, pinned</span>}
            </span>
          </li>
        ))}
      </ul>
      {speed}
    </>
  );
}

interface MachineCardProps {
  readonly machine: Machine;
  /** Tokens a second for requests through this node; 0 while it makes none. */
  readonly rate: number;
}

const loadRemoval = () => import("./remove_machine.tsx");

const MachineCard = memo((
  { machine, rate, mayRemove }: MachineCardProps & { readonly mayRemove: boolean },
) => (
  <li class="card machine" data-machine={machine.id} data-role={machine.role}>
    <div class="card-head">
      <h3>
        <bdi>{machine.name}</bdi>
      </h3>
      <span class="badge" data-state={machine.state}>{roleText(machine)}</span>
      <span class="muted push">
        <bdi>{distance(machine)}</bdi>
      </span>
    </div>
    <Doing machine={machine} rate={rate} />
    {machine.way?.advice && <p class="muted way-advice">{machine.way.advice}</p>}
    <ul class="devices">
      {devicesOf(machine).map((device, index) => (
        <MemoryBar
          key={index}
          device={device}
          owner={machine.name}
          shared={machine.parts.length > 1}
        />
      ))}
    </ul>
    {machine.system !== null && (
      <p class="muted">
        <bdi>{machine.system}</bdi>
      </p>
    )}
    {!machine.loadsOnRequest && <p class="muted">No request makes it load a model</p>}
    {machine.trafficBytes > 0 && (
      <p class="muted">{formatBytes(machine.trafficBytes)} exchanged with this machine</p>
    )}
    {machine.plain !== null && <p class="muted">All weights cross the network: {machine.plain}</p>}
    {machine.notes.map((note) => (
      <p key={note} class="muted">
        <bdi>{note}</bdi>
      </p>
    ))}
    {mayRemove && !machine.isSelf && (
      <Later
        load={loadRemoval}
        props={{ id: machine.id, name: machine.name }}
        meanwhile={null}
      />
    )}
  </li>
));

interface MachinesPanelProps {
  readonly machines: readonly Machine[];
  /** By PeerId. */
  readonly rates: ReadonlyMap<string, number>;
  /** This node may invite, so it may take machines out that came by its invites. */
  readonly mayRemove: boolean;
}

export const MachinesPanel = memo(({ machines, rates, mayRemove }: MachinesPanelProps) => (
  <section class="panel machines" aria-labelledby="machines-title">
    <h2 id="machines-title">Machines</h2>
    <ul class="cards">
      {machines.map((machine) => (
        <MachineCard
          key={machine.id}
          machine={machine}
          rate={rates.get(machine.id) ?? 0}
          mayRemove={mayRemove}
        />
      ))}
    </ul>
  </section>
));
