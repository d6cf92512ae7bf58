import { memo } from "preact/compat";
import { formatBytes, formatDuration } from "../lib/format.ts";
import type { DeviceView, Machine } from "../lib/mesh_view.ts";
import { doing, memoryText } from "../lib/words.ts";
import { Bar } from "./bar.tsx";

function MemoryBar({ device, owner }: { device: DeviceView; owner: string }) {
  const { memory, name } = device;
  if (memory.totalBytes === 0) return null;
  const text = memoryText(memory);
  return (
    <li class="device">
      <bdi class="device-name">{name}</bdi>
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
  return machine.rttMs === null ? null : `${formatDuration(machine.rttMs)} away`;
}

/** What a machine offers, where it does not say by which device. */
function devicesOf({ devices, memory }: Machine): readonly DeviceView[] {
  return devices.length > 0 ? devices : [{ name: "Memory", memory }];
}

const MachineCard = memo(({ machine }: { machine: Machine }) => (
  <li class="card machine" data-machine={machine.id} data-role={machine.role}>
    <div class="card-head">
      <h3>
        <bdi>{machine.name}</bdi>
      </h3>
      <span class="badge" data-state={machine.part?.state}>{machine.role}</span>
      <span class="muted push">{distance(machine)}</span>
    </div>
    <p class="doing">
      <bdi>{doing(machine)}</bdi>
    </p>
    <ul class="devices">
      {devicesOf(machine).map((device, index) => (
        <MemoryBar key={index} device={device} owner={machine.name} />
      ))}
    </ul>
    {machine.trafficBytes > 0 && (
      <p class="muted">{formatBytes(machine.trafficBytes)} exchanged with this machine</p>
    )}
  </li>
));

export const MachinesPanel = memo(({ machines }: { machines: readonly Machine[] }) => (
  <section class="panel machines" aria-labelledby="machines-title">
    <h2 id="machines-title">Machines</h2>
    <ul class="cards">
      {machines.map((machine) => <MachineCard key={machine.id} machine={machine} />)}
    </ul>
  </section>
));
