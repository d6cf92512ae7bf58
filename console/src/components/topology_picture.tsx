import { memo } from "preact/compat";
import { useWidth } from "../hooks/use_size.ts";
import { countOf, formatPercent, formatRoundTrip, shortName } from "../lib/format.ts";
import type { Machine } from "../lib/mesh_shapes.ts";
import { LINE_PX, type PlacedNode, type Topology, topology } from "../lib/topology.ts";
import { briefly } from "../lib/words.ts";
import { TINTS } from "./bar.tsx";

/**
 * Chosen by feel: a calm picture beside the list of models, and a higher one where many stand in it. A further line of
 * labels takes room above, below and in the middle.
 */
const HEIGHT_PX = { few: 330, many: 420, line: 3 * LINE_PX };
const MANY = 6;

/** In a narrower picture what a machine does would stand over its neighbours. */
const ROLES_WIDTH_PX = 460;

/** The lines of a label: of a machine with more models the last line counts the rest. */
const LINES_MAX = 3;

function nameY({ radius, label }: PlacedNode, lines: number): number {
  if (label === "below") return radius + LINE_PX + 2;
  return -radius - 8 - lines * LINE_PX;
}

/** One share in percent, or the number of models. */
function inside({ parts: [part, ...others] }: Machine): string {
  if (part === undefined) return "";
  if (others.length > 0) return `${others.length + 1}`;
  return part.mode === "split" ? formatPercent(part.percent) : "";
}

/** The memory of each part, one behind the other around the circle; of a single part all that is in use. */
function arcsOf({ memory, parts }: Machine): { from: number; length: number; tint: number }[] {
  if (memory.offeredBytes <= 0) return [];
  const whole = (bytes: number) => Math.min(100, bytes / memory.offeredBytes * 100);
  if (parts.length < 2) return [{ from: 0, length: whole(memory.usedBytes), tint: 0 }];
  let from = 0;
  return parts.map(({ bytes }, index) => {
    const arc = { from, length: Math.min(100 - from, whole(bytes)), tint: index % TINTS };
    from += arc.length;
    return arc;
  });
}

function Arcs({ machine, radius }: { machine: Machine; radius: number }) {
  return (
    <>
      {arcsOf(machine).map(({ from, length, tint }, index) => (
        <circle
          key={index}
          class="topo-used"
          data-tint={tint}
          r={radius}
          pathLength={100}
          stroke-dasharray={`${length} 100`}
          transform={`rotate(${from * 3.6 - 90})`}
        />
      ))}
    </>
  );
}

function Circle(
  { machine, node, labels, lines }: {
    machine: Machine;
    node: PlacedNode;
    labels: boolean;
    lines: number;
  },
) {
  const roles = lines === 0 ? [] : briefly(machine, lines);
  const y = nameY(node, roles.length);
  return (
    <g
      class="topo-node"
      data-topology={machine.id}
      data-state={machine.state ?? machine.role}
      data-self={machine.isSelf}
      transform={`translate(${node.x.toFixed(1)} ${node.y.toFixed(1)})`}
    >
      <title>{`${machine.name}: ${briefly(machine).join(", ")}`}</title>
      <circle class="topo-disc" r={node.radius} />
      <Arcs machine={machine} radius={node.radius} />
      {labels && <text class="topo-share" dy="0.35em">{inside(machine)}</text>}
      {labels && (
        <>
          <text class="topo-name" y={y}>{shortName(machine.name)}</text>
          {roles.map((role, index) => (
            <text key={index} class="topo-role" y={y + LINE_PX * (index + 1)}>{role}</text>
          ))}
        </>
      )}
    </g>
  );
}

function Links({ picture, machines }: { picture: Topology; machines: readonly Machine[] }) {
  const byId = new Map(machines.map((machine) => [machine.id, machine]));
  return (
    <>
      {picture.links.map(({ kind, from, to, peer, path, middle }) => {
        const { rttMs = null, way = null } = peer === null ? {} : byId.get(peer) ?? {};
        return (
          <g key={`${kind} ${from} ${to}`}>
            {way !== null && <title>{way.text}</title>}
            <path class="topo-link" data-kind={kind} data-way={way?.kind} d={path} />
            {picture.labels && rttMs !== null && (
              <text class="topo-rtt" x={middle.x} y={middle.y} dy="-0.4em">
                {formatRoundTrip(rttMs)}
              </text>
            )}
            {picture.labels && way !== null && (
              <text class="topo-rtt topo-way" x={middle.x} y={middle.y} dy="0.9em">
                {way.word}
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
  const most = Math.max(1, ...machines.map(({ parts }) => parts.length));
  const lines = width < ROLES_WIDTH_PX ? 0 : Math.min(LINES_MAX, most);
  const height = (machines.length > MANY ? HEIGHT_PX.many : HEIGHT_PX.few) +
    Math.max(0, lines - 1) * HEIGHT_PX.line;
  const size = { width, height, lines: Math.max(1, lines) };
  const picture = width === 0 ? null : topology(machines, size);
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
                lines={lines}
              />
            );
          })}
        </svg>
      )}
    </div>
  );
});
