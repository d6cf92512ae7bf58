/** The positions of the machines in the picture of the mesh. Pure. */

import type { Machine } from "./mesh_shapes.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
  /** Lines of each label below the name. @default {1} */
  readonly lines?: number;
}

export interface PlacedNode {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** The position of its name: away from the middle, where the links are. */
  readonly label: "above" | "below";
}

export interface PlacedLink {
  /** `split`: a host and its worker. `link`: this node and a peer. */
  readonly kind: "split" | "link";
  readonly from: string;
  readonly to: string;
  /** The peer whose round trip from this machine belongs beside it; `null` where none does. */
  readonly peer: string | null;
  /** SVG path. */
  readonly path: string;
  readonly middle: { readonly x: number; readonly y: number };
}

export interface Topology {
  readonly nodes: ReadonlyMap<string, PlacedNode>;
  readonly links: readonly PlacedLink[];
  /** Whether there is room for names and round trips. */
  readonly labels: boolean;
}

/** A name of 14 letters at 12 px, and a gap. */
const LABELLED_SPACING_PX = 116;
const LABELLED_HEIGHT_PX = 96;
/** A dot and a gap. */
const DOT_SPACING_PX = 34;
/** The space around the outermost centres: a label's half and its lines. */
const LABELLED_MARGIN = { x: 62, top: 66, bottom: 66 };
/** From one line of a label to the next. */
export const LINE_PX = 16;
const DOT_MARGIN = { x: 20, top: 20, bottom: 20 };
const RADIUS = { min: 17, max: 27, dot: 10, self: 30, dotSelf: 15 };
/** Half of a round trip's text, and a gap. */
const ASIDE_PX = 30;
/** Distance between rings, as part of the outermost. */
const RING_STEP = 0.3;
const RINGS_MAX = 3;

interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
}

function ellipseOf({ width, height, lines = 1 }: Size, labels: boolean): Ellipse {
  const margin = labels ? LABELLED_MARGIN : DOT_MARGIN;
  const further = labels ? (lines - 1) * LINE_PX : 0;
  return {
    x: width / 2,
    y: (margin.top + height - margin.bottom) / 2,
    rx: Math.max(1, width / 2 - margin.x),
    ry: Math.max(1, (height - margin.top - margin.bottom) / 2 - further),
  };
}

/** Ramanujan's first approximation. */
function circumference(rx: number, ry: number): number {
  return Math.PI * (3 * (rx + ry) - Math.sqrt((3 * rx + ry) * (rx + 3 * ry)));
}

/** How many of so many peers stand on each ring, outermost first, or `null` where they do not fit. */
function rings(count: number, ellipse: Ellipse, spacing: number): number[] | null {
  for (let used = 1; used <= RINGS_MAX; used++) {
    const lengths = Array.from({ length: used }, (_, ring) => {
      const scale = 1 - ring * RING_STEP;
      return circumference(ellipse.rx * scale, ellipse.ry * scale);
    });
    const total = lengths.reduce((sum, length) => sum + length, 0);
    if (total / spacing < count) continue;
    const counts = lengths.map((length) => Math.floor((count * length) / total));
    counts[0] = (counts[0] ?? 0) + count - counts.reduce((sum, one) => sum + one, 0);
    return counts;
  }
  return null;
}

/** Even steps along the line of an ellipse; the angles of a flat one are not. */
function pointsOn(count: number, ellipse: Ellipse, scale: number, turn: number) {
  const rx = ellipse.rx * scale;
  const ry = ellipse.ry * scale;
  const steps = 720;
  const point = (step: number) => {
    const angle = -Math.PI / 2 + ((step / steps) + turn) * 2 * Math.PI;
    return { x: ellipse.x + rx * Math.cos(angle), y: ellipse.y + ry * Math.sin(angle) };
  };
  const lengths = [0];
  for (let step = 1; step <= steps; step++) {
    const [a, b] = [point(step - 1), point(step)];
    lengths.push((lengths[step - 1] ?? 0) + Math.hypot(b.x - a.x, b.y - a.y));
  }
  const whole = lengths[steps] ?? 0;
  return Array.from({ length: count }, (_, index) => {
    const wanted = (index / count) * whole;
    return point(lengths.findIndex((length) => length >= wanted));
  });
}

function isRoomy(ellipse: Ellipse, count: number): boolean {
  return ellipse.ry * 2 >= LABELLED_HEIGHT_PX * (count > 2 ? 2 : 1) &&
    rings(count, ellipse, LABELLED_SPACING_PX)?.length === 1;
}

/** Members of one instance stand side by side. */
function byGroup(machines: readonly Machine[]): Machine[] {
  const key = ({ parts: [part] }: Machine) =>
    part === undefined ? "~" : `${part.hostId} ${part.as}`;
  return [...machines].sort((a, b) => {
    const [left, right] = [key(a), key(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  });
}

function radiusOf(machine: Machine, largest: number): number {
  const part = largest > 0 ? Math.sqrt(machine.memory.offeredBytes / largest) : 0;
  return RADIUS.min + (RADIUS.max - RADIUS.min) * part;
}

function placeNodes(machines: readonly Machine[], size: Size): Topology["nodes"] {
  const self = machines.filter(({ isSelf }) => isSelf);
  const peers = byGroup(machines.filter(({ isSelf }) => !isSelf));
  const labels = hasLabels(machines, size);
  const ellipse = ellipseOf(size, labels);
  const spacing = labels ? LABELLED_SPACING_PX : DOT_SPACING_PX;
  const counts = rings(peers.length, ellipse, spacing) ?? crowded(peers.length);
  const largest = Math.max(0, ...machines.map(({ memory }) => memory.offeredBytes));
  // Two peers left and right, three and more from the top.
  const turn = peers.length <= 2 ? 0.25 : 0;
  const spots = counts.flatMap((count, ring) =>
    pointsOn(count, ellipse, 1 - ring * RING_STEP, turn + ring * 0.5 / Math.max(1, count))
  );
  const placed = new Map<string, PlacedNode>();
  for (const { id } of self) {
    const radius = labels ? RADIUS.self : RADIUS.dotSelf;
    placed.set(id, { id, x: ellipse.x, y: ellipse.y, radius, label: "below" });
  }
  peers.forEach((machine, index) => {
    const spot = spots[index] ?? ellipse;
    const radius = labels ? radiusOf(machine, largest) : RADIUS.dot;
    const label = spot.y < ellipse.y - RADIUS.self ? "above" : "below";
    placed.set(machine.id, { id: machine.id, x: spot.x, y: spot.y, radius, label });
  });
  return placed;
}

/** More than there is room for: evenly on all rings, and they overlap. */
function crowded(count: number): number[] {
  const each = Math.floor(count / RINGS_MAX);
  return [count - each * (RINGS_MAX - 1), ...Array.from({ length: RINGS_MAX - 1 }, () => each)];
}

function hasLabels(machines: readonly Machine[], size: Size): boolean {
  const peers = machines.filter(({ isSelf }) => !isSelf).length;
  return isRoomy(ellipseOf(size, true), peers);
}

/** Straight where it passes through nobody, bent towards the middle otherwise. */
function link(
  { kind, peer }: Pick<PlacedLink, "kind" | "peer">,
  from: PlacedNode,
  to: PlacedNode,
  centre: { x: number; y: number } | null,
): PlacedLink {
  const straight = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const bend = centre === null ? straight : {
    x: straight.x + (centre.x - straight.x) * 0.35,
    y: straight.y + (centre.y - straight.y) * 0.35,
  };
  const round = (value: number) => Math.round(value * 10) / 10;
  const path = `M${round(from.x)} ${round(from.y)}Q${round(bend.x)} ${round(bend.y)} ` +
    `${round(to.x)} ${round(to.y)}`;
  // The text on a steep line is drawn beside it.
  const aside = Math.abs(to.x - from.x) < Math.abs(to.y - from.y) / 2 ? ASIDE_PX : 0;
  const middle = {
    x: round((from.x + 2 * bend.x + to.x) / 4 + aside),
    y: round((from.y + 2 * bend.y + to.y) / 4),
  };
  return { kind, from: from.id, to: to.id, peer, path, middle };
}

/** This machine in the middle, its peers around it, each host joined with its workers. */
export function topology(machines: readonly Machine[], size: Size): Topology {
  const nodes = placeNodes(machines, size);
  const self = machines.find(({ isSelf }) => isSelf);
  const centre = self === undefined ? undefined : nodes.get(self.id);
  const links = machines.flatMap(({ id, parts, isSelf }): PlacedLink[] => {
    const node = nodes.get(id);
    if (node === undefined) return [];
    // Once, however many models it works on for the same host.
    const hostIds = new Set(parts.flatMap(({ as, hostId }) => as === "worker" ? hostId : []));
    const hosts = [...hostIds].flatMap((hostId) => nodes.get(hostId) ?? []);
    const splits = hosts.map((host) =>
      host === centre
        ? link({ kind: "split", peer: id }, host, node, null)
        : link({ kind: "split", peer: null }, host, node, isSelf ? null : centre ?? null)
    );
    // From and to this machine the split is the link itself.
    if (isSelf || centre === undefined || hosts.includes(centre)) return splits;
    return [link({ kind: "link", peer: id }, centre, node, null), ...splits];
  });
  return { nodes, links, labels: hasLabels(machines, size) };
}
