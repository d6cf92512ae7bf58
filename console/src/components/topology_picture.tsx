import { memo } from "preact/compat";
import { useWidth } from "../hooks/use_size.ts";
import { countOf, formatPercent, formatRoundTrip, shortName } from "../lib/format.ts";
import type { Machine } from "../lib/mesh_view.ts";
import { type PlacedNode, type Topology, topology } from "../lib/topology.ts";
import { briefly } from "../lib/words.ts";

/** Chosen by feel: a calm picture beside the list of models, and a higher one where many stand in it. */
const HEIGHT_PX = { few: 330, many: 420 };
const MANY = 6;

/** In a narrower picture what a machine does would stand over its neighbours. */
const ROLES_WIDTH_PX = 460;

/** From one line of a label to the next. */
const LINE_PX = 16;

function nameY({ radius, label }: PlacedNode, roles: boolean): number {
  if (label === "below") return radius + LINE_PX + 2;
  return -radius - 8 - (roles ? LINE_PX : 0);
}

function state(machine: Machine): string {
  return machine.parts[0]?.state ?? machine.role;
}

function inside(machine: Machine): string {
  const [part, ...others] = machine.parts;
  if (part === undefined || others.length > 0) return "";
  return part.mode === "split" ? formatPercent(part.percent) : "";
}

function Circle(
  { machine, node, labels, roles }: {
    machine: Machine;
    node: PlacedNode;
    labels: boolean;
    roles: boolean;
  },
) {
  const { memory } = machine;
  const used = memory.offeredBytes > 0 ? Math.min(1, memory.usedBytes / memory.offeredBytes) : 0;
  return (
    <g
      class="topo-node"
      data-topology={machine.id}
      data-state={state(machine)}
      data-self={machine.isSelf}
      transform={`translate(${node.x.toFixed(1)} ${node.y.toFixed(1)})`}
    >
      <title>{`${machine.name}: ${briefly(machine)}`}</title>
      <circle class="topo-disc" r={node.radius} />
      <circle
        class="topo-used"
        r={node.radius}
        pathLength={100}
        stroke-dasharray={`${used * 100} 100`}
        transform="rotate(-90)"
      />
      {labels && <text class="topo-share" dy="0.35em">{inside(machine)}</text>}
      {labels && (
        <>
          <text class="topo-name" y={nameY(node, roles)}>{shortName(machine.name)}</text>
          {roles && (
            <text class="topo-role" y={nameY(node, roles) + LINE_PX}>{briefly(machine)}</text>
          )}
        </>
      )}
    </g>
  );
}

function Links({ picture, machines }: { picture: Topology; machines: readonly Machine[] }) {
  const rtt = new Map(machines.map(({ id, rttMs }) => [id, rttMs]));
  return (
    <>
      {picture.links.map(({ kind, from, to, peer, path, middle }) => {
        const ms = peer === null ? null : rtt.get(peer);
        return (
          <g key={`${kind} ${from} ${to}`}>
            <path class="topo-link" data-kind={kind} d={path} />
            {picture.labels && typeof ms === "number" && (
              <text class="topo-rtt" x={middle.x} y={middle.y} dy="-0.4em">
                {formatRoundTrip(ms)}
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}

interface PictureProps {
  readonly machines: readonly Machine[];
}

/** The machines that take part, and the ones that work together. The list of machines says the same in words. */
export const TopologyPicture = memo(({ machines }: PictureProps) => {
  const [box, width] = useWidth<HTMLDivElement>();
  const height = machines.length > MANY ? HEIGHT_PX.many : HEIGHT_PX.few;
  const picture = width === 0 ? null : topology(machines, { width, height });
  return (
    <div
      class="topology"
      ref={box}
      data-labels={picture?.labels}
      style={{ minHeight: `${height}px` }}
    >
      {picture !== null && (
        <svg
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={`Picture of the mesh: ${countOf(machines.length, "machine")}`}
        >
          <Links picture={picture} machines={machines} />
          {machines.map((machine) => {
            const node = picture.nodes.get(machine.id);
            return node !== undefined && (
              <Circle
                key={machine.id}
                machine={machine}
                node={node}
                labels={picture.labels}
                roles={width >= ROLES_WIDTH_PX}
              />
            );
          })}
        </svg>
      )}
    </div>
  );
});
