import { memo } from "preact/compat";
import { formatBytes, formatRate, formatRoundTrip } from "../lib/format.ts";
import type { DeviceView, Machine } from "../lib/mesh_view.ts";
import { deviceKind, doing, memoryText, roleText } from "../lib/words.ts";
import { Bar } from "./bar.tsx";

function MemoryBar({ device, owner }: { device: DeviceView; owner: string }) {
  const { memory, name, kind } = device;
  if (memory.totalBytes === 0) return null;
  const text = memoryText(memory);
  return (
    <li class="device">
      <span>
        <bdi class="device-name">{name}</bdi>
        {kind !== null && <span class="muted">{` ${deviceKind(kind)}`}</span>}
      </span>
      <Bar
        label={`Memory of ${owner}: ${name}`}
        text={text}
        fraction={memory.usedBytes / memory.totalBytes}
        mark={memory.offeredBytes / memory.totalBytes}
      />
      <span class="muted">{text}</span>
    </li>
  );
}

function distance(machine: Machine): string | null {
  if (machine.isSelf) return "this machine";
  return machine.rttMs === null ? null : `${formatRoundTrip(machine.rttMs)} away`;
}

/** The memory of a machine, if it does not list its devices. */
function devicesOf({ devices, memory }: Machine): readonly DeviceView[] {
  return devices.length > 0 ? devices : [{ name: "Memory", kind: null, memory }];
}

interface MachineCardProps {
  readonly machine: Machine;
  /** Tokens a second for requests through this node; 0 while it makes none. */
  readonly rate: number;
}

const MachineCard = memo(({ machine, rate }: MachineCardProps) => (
  <li class="card machine" data-machine={machine.id} data-role={machine.role}>
    <div class="card-head">
      <h3>
        <bdi>{machine.name}</bdi>
      </h3>
      <span class="badge" data-state={machine.parts[0]?.state}>{roleText(machine)}</span>
      <span class="muted push">{distance(machine)}</span>
    </div>
    <p class="doing">
      <bdi>{doing(machine)}</bdi>
      {rate > 0 && <strong class="rate">{formatRate(rate)}</strong>}
    </p>
    <ul class="devices">
      {devicesOf(machine).map((device, index) => (
        <MemoryBar key={index} device={device} owner={machine.name} />
      ))}
    </ul>
    {machine.system !== null && (
      <p class="muted">
        <bdi>{machine.system}</bdi>
      </p>
    )}
    {machine.trafficBytes > 0 && (
      <p class="muted">{formatBytes(machine.trafficBytes)} exchanged with this machine</p>
    )}
    {machine.plain !== null && <p class="muted">All weights cross the network: {machine.plain}</p>}
    {machine.notes.map((note) => (
      <p key={note} class="muted">
        <bdi>{note}</bdi>
      </p>
    ))}
  </li>
));

interface MachinesPanelProps {
  readonly machines: readonly Machine[];
  /** By PeerId. */
  readonly rates: ReadonlyMap<string, number>;
}

export const MachinesPanel = memo(({ machines, rates }: MachinesPanelProps) => (
  <section class="panel machines" aria-labelledby="machines-title">
    <h2 id="machines-title">Machines</h2>
    <ul class="cards">
      {machines.map((machine) => (
        <MachineCard key={machine.id} machine={machine} rate={rates.get(machine.id) ?? 0} />
      ))}
    </ul>
  </section>
));
