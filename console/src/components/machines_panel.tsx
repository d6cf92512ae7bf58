import { formatDuration } from "../lib/format.ts";
import type { Machine } from "../lib/mesh_view.ts";
import { doing, memoryText } from "../lib/words.ts";
import { Bar } from "./bar.tsx";

function MemoryBar({ machine }: { machine: Machine }) {
  const { memory } = machine;
  if (memory.totalBytes === 0) return null;
  const text = memoryText(memory);
  return (
    <>
      <Bar
        label={`Memory of ${machine.name}`}
        text={text}
        fraction={memory.usedBytes / memory.totalBytes}
        mark={memory.offeredBytes / memory.totalBytes}
      />
      <p class="muted">{text}</p>
    </>
  );
}

function distance(machine: Machine): string | null {
  if (machine.isSelf) return "this machine";
  return machine.rttMs === null ? null : `${formatDuration(machine.rttMs)} away`;
}

function MachineCard({ machine }: { machine: Machine }) {
  return (
    <li class="card machine" data-machine={machine.id} data-role={machine.role}>
      <div class="card-head">
        <h3>
          <bdi>{machine.name}</bdi>
        </h3>
        <span class="badge">{machine.role}</span>
        <span class="muted push">{distance(machine)}</span>
      </div>
      <p class="doing">
        <bdi>{doing(machine)}</bdi>
      </p>
      <MemoryBar machine={machine} />
      {machine.devices.length > 0 && (
        <p class="muted devices">
          <bdi>{machine.devices.join(", ")}</bdi>
        </p>
      )}
    </li>
  );
}

export function MachinesPanel({ machines }: { machines: readonly Machine[] }) {
  return (
    <section class="panel machines" aria-labelledby="machines-title">
      <h2 id="machines-title">Machines</h2>
      <ul class="cards">
        {machines.map((machine) => <MachineCard key={machine.id} machine={machine} />)}
      </ul>
    </section>
  );
}
