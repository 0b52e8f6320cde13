/**
 * One piece of a graph in layers, by dagre. Nodes and edges are numbered from the first node of the piece. What enters or
 * leaves the piece has ports above and below it, named by the node that writes it; what only passes has a lane beside it.
 */

import { Graph, layout } from "@dagrejs/dagre";
import type { SceneNode } from "../scene";
import type { Point } from "./geometry";

export const LAYER_GAP = 22;
const NODE_GAP = 16;
const EDGE_GAP = 12;
const LANE_GAP = 6;
const PORT = { width: 10, height: 1 };
const CLOSE = 50;

/** An edge of a piece; a writer below 0 or a reader past the last node lies in another piece. */
export interface PieceEdge {
  readonly from: number;
  readonly to: number;
}

export interface PieceLayout {
  readonly centres: readonly Point[];
  /** lines by edge, from the writer or its port above to the reader or the writer's port below */
  readonly lines: ReadonlyMap<string, readonly Point[]>;
  readonly above: ReadonlyMap<number, Point>;
  readonly below: ReadonlyMap<number, Point>;
  readonly top: number;
  readonly bottom: number;
}

/** Returns the name of the line of an edge in a piece of `count` nodes; readers in other pieces share one. */
export function lineName({ from, to }: PieceEdge, count: number): string {
  return `${from < 0 ? `above ${from}` : from}>${to >= count ? `below ${from}` : to}`;
}

/** Lays out pieces. Networks repeat their blocks: a piece of the form of an earlier one takes over its layout. */
export class PieceLayouts {
  private readonly known = new Map<string, PieceLayout>();

  /** Returns the layout of a piece; `order` are the ports above it from left to right. */
  of(nodes: readonly SceneNode[], edges: readonly PieceEdge[], order: readonly number[]): PieceLayout {
    const ends = edges.map(({ from, to }) => [from, Math.min(to, nodes.length)]);
    const form = JSON.stringify([nodes.map((node) => node.height), ends, order]);
    const found = this.known.get(form) ?? layOut(nodes, edges, order);
    this.known.set(form, found);
    return found;
  }
}

function layOut(nodes: readonly SceneNode[], edges: readonly PieceEdge[], order: readonly number[]): PieceLayout {
  const count = nodes.length;
  const readHere = new Set(edges.filter(({ from, to }) => from < 0 && to < count).map(({ from }) => from));
  const passes = ({ from, to }: PieceEdge): boolean => from < 0 && to >= count && !readHere.has(from);
  const inner = edges.filter((edge) => !passes(edge));
  const writtenHere = new Set(inner.filter(({ to }) => to >= count).map(({ from }) => from));
  const passing = new Set(edges.filter(passes).map(({ from }) => from));

  const graph = new Graph({});
  const ranker = readHere.size + writtenHere.size > 0 || count > 60 ? "tight-tree" : "network-simplex";
  graph.setGraph({ ranksep: LAYER_GAP, nodesep: NODE_GAP, edgesep: EDGE_GAP, ranker });
  graph.setDefaultEdgeLabel(() => ({}));
  nodes.forEach(({ width, height }, node) => graph.setNode(String(node), { width, height }));
  readHere.forEach((writer) => graph.setNode(`above ${writer}`, { ...PORT }));
  writtenHere.forEach((writer) => graph.setNode(`below ${writer}`, { ...PORT }));
  for (const edge of inner) {
    const [from, to] = lineName(edge, count).split(">");
    graph.setEdge(from!, to!, {});
  }
  pin(graph, count, "above", readHere);
  pin(graph, count, "below", writtenHere);
  const known = order.filter((writer) => readHere.has(writer));
  const constraints = known
    .slice(1)
    .map((writer, place) => ({ left: `above ${known[place]!}`, right: `above ${writer}` }));
  layout(graph, { constraints });
  return withLanes(read(graph, count, readHere, writtenHere), passing);
}

/** Keeps ports above everything else, or below. */
function pin(graph: Graph, count: number, side: "above" | "below", writers: ReadonlySet<number>): void {
  if (writers.size === 0) return;
  const isAbove = side === "above";
  const connect = (node: string, label: object): void => {
    if (isAbove) graph.setEdge(side, node, label);
    else graph.setEdge(node, side, label);
  };
  const others = Array.from({ length: count }, (_, node) => String(node));
  const ends = others.filter((node) => (isAbove ? graph.predecessors(node) : graph.successors(node))?.length === 0);
  graph.setNode(side, { width: 1, height: 1 });
  ends.forEach((node) => connect(node, { minlen: 2, weight: 0 }));
  writers.forEach((writer) => connect(`${side} ${writer}`, { weight: CLOSE }));
}

function read(graph: Graph, count: number, above: ReadonlySet<number>, below: ReadonlySet<number>): PieceLayout {
  const at = (node: string): Point & { height: number } => {
    const { x, y, height } = graph.node(node) as unknown as Point & { height: number };
    return { x, y, height };
  };
  const boxes = Array.from({ length: count }, (_, node) => at(String(node)));
  const ports = (writers: ReadonlySet<number>, side: string): Map<number, Point> =>
    new Map([...writers].map((writer) => [writer, at(`${side} ${writer}`)]));
  const [entries, exits] = [ports(above, "above"), ports(below, "below")];
  const lines = new Map<string, readonly Point[]>();
  for (const { v, w } of graph.edges()) {
    const { points } = graph.edge(v, w) as unknown as { points: Point[] };
    lines.set(
      `${v}>${w}`,
      points.map(({ x, y }) => ({ x, y })),
    );
  }
  return {
    centres: boxes.map(({ x, y }) => ({ x, y })),
    lines,
    above: entries,
    below: exits,
    top: Math.min(...boxes.map(({ y, height }) => y - height / 2), ...[...entries.values()].map(({ y }) => y)),
    bottom: Math.max(...boxes.map(({ y, height }) => y + height / 2), ...[...exits.values()].map(({ y }) => y)),
  };
}

/** Adds a straight line on the right for everything that passes. */
function withLanes(piece: PieceLayout, passing: ReadonlySet<number>): PieceLayout {
  if (passing.size === 0) return piece;
  const [above, below, lines] = [new Map(piece.above), new Map(piece.below), new Map(piece.lines)];
  const points = [...piece.lines.values()].flat();
  let x = Math.max(...piece.centres.map((centre) => centre.x + 90), ...points.map((point) => point.x));
  for (const writer of passing) {
    x += LANE_GAP;
    const ends = [
      { x, y: piece.top },
      { x, y: piece.bottom },
    ] as const;
    above.set(writer, ends[0]);
    below.set(writer, ends[1]);
    lines.set(`above ${writer}>below ${writer}`, ends);
  }
  return { ...piece, above, below, lines };
}
