/**
 * A tall graph as columns, like the text of a newspaper: read down, go on at the top of the next column. A network of 500
 * operators one below the other would be a thin line on any screen.
 */

import type { Scene } from "../scene";
import type { Box, Layout, Line, Point } from "./geometry";
import type { Stack } from "./stack";

const GUTTER = 44;
const LANE = 7;
const HEAD = 18;
const SLACK = 0.22;
const MOST_COLUMNS = 40;

/** A place between two layers where a column may end. */
interface Break {
  readonly y: number;
  readonly crossing: number;
}

interface Column {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
  /** what has to be added to coordinates of the stack */
  readonly dx: number;
  readonly dy: number;
}

/** Returns the layout whose overview is largest in a window of this size. */
export function inColumns(scene: Scene, stack: Stack, window: { width: number; height: number }): Layout {
  const breaks = breaksOf(scene, stack);
  let best = layOut(scene, stack, breaks, 1);
  let scale = scaleOf(best.box, window);
  for (let count = 2; count <= MOST_COLUMNS && scale < 0.9; count++) {
    const tried = layOut(scene, stack, breaks, count);
    const found = scaleOf(tried.box, window);
    if (found > scale * 1.04) [best, scale] = [tried, found];
    else if (found < scale * 0.7) break;
  }
  return best;
}

function scaleOf(box: Box, window: { width: number; height: number }): number {
  return Math.min(1, window.width / (box.right - box.left), window.height / (box.bottom - box.top));
}

/** Returns the places that no node covers, from top to bottom. */
function breaksOf(scene: Scene, { centres, lines }: Stack): Break[] {
  const spans = scene.nodes.map(
    ({ id, height }) => [centres[id]!.y - height / 2, centres[id]!.y + height / 2] as const,
  );
  spans.sort((a, b) => a[0] - b[0]);
  const found: { y: number; crossing: number }[] = [];
  let bottom = -Infinity;
  for (const [top, foot] of spans) {
    if (bottom > -Infinity && top > bottom + 1) found.push({ y: (top + bottom) / 2, crossing: 0 });
    bottom = Math.max(bottom, foot);
  }
  for (const line of lines) {
    if (line.length === 0) continue;
    const [from, to] = [line[0]!.y, line.at(-1)!.y];
    for (let place = firstAfter(found, from); place < found.length && found[place]!.y < to; place++)
      found[place]!.crossing++;
  }
  return found;
}

function firstAfter(breaks: readonly Break[], y: number): number {
  let [low, high] = [0, breaks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (breaks[middle]!.y <= y) low = middle + 1;
    else high = middle;
  }
  return low;
}

function layOut(scene: Scene, stack: Stack, breaks: readonly Break[], count: number): Layout {
  const [top, bottom] = extent(scene, stack);
  const cuts = cutsOf(breaks, top, bottom, count);
  const columns = columnsOf(scene, stack, [top - HEAD, ...cuts.map((cut) => cut.y), bottom + HEAD]);
  const columnAt = (y: number): number => {
    const place = cuts.findIndex((cut) => y < cut.y);
    return place < 0 ? cuts.length : place;
  };
  const centres = stack.centres.map(({ x, y }) => {
    const column = columns[columnAt(y)]!;
    return { x: x + column.dx, y: y + column.dy };
  });
  const lanes = new Lanes();
  const lines = stack.lines.map((line, edge) =>
    across(line, cuts, columns, columnAt, (cut) => lanes.of(cut, scene.edges[edge]!.from)),
  );
  return { centres, lines, box: boxOf(columns) };
}

function extent(scene: Scene, { centres }: Stack): [number, number] {
  let [top, bottom] = [Infinity, -Infinity];
  for (const { id, height } of scene.nodes) {
    top = Math.min(top, centres[id]!.y - height / 2);
    bottom = Math.max(bottom, centres[id]!.y + height / 2);
  }
  return [top, bottom];
}

/** Returns where columns end: near equal heights, where the fewest tensors cross. */
function cutsOf(breaks: readonly Break[], top: number, bottom: number, count: number): Break[] {
  const height = (bottom - top) / count;
  const cuts: Break[] = [];
  let start = top;
  while (bottom - start > height * (1 + SLACK)) {
    const ideal = start + height;
    const near = breaks.filter(({ y }) => Math.abs(y - ideal) < height * SLACK && y > start);
    const cost = ({ y, crossing }: Break): number => crossing + Math.abs(y - ideal) / (height * SLACK);
    const cut = near.reduce<Break | undefined>(
      (best, entry) => (best === undefined || cost(entry) < cost(best) ? entry : best),
      undefined,
    );
    if (cut === undefined) break;
    cuts.push(cut);
    start = cut.y;
  }
  return cuts;
}

function columnsOf(scene: Scene, { centres, lines }: Stack, edges: readonly number[]): Column[] {
  const count = edges.length - 1;
  const lefts = Array<number>(count).fill(Infinity);
  const rights = Array<number>(count).fill(-Infinity);
  const crossing = Array<number>(count).fill(0);
  const columnAt = (y: number): number => {
    let column = 0;
    while (column < count - 1 && y >= edges[column + 1]!) column++;
    return column;
  };
  const widen = (column: number, left: number, right: number): void => {
    lefts[column] = Math.min(lefts[column]!, left);
    rights[column] = Math.max(rights[column]!, right);
  };
  for (const { id, width } of scene.nodes) {
    const { x, y } = centres[id]!;
    widen(columnAt(y), x - width / 2, x + width / 2);
  }
  for (const line of lines) {
    for (const { x, y } of line) widen(columnAt(y), x, x);
    if (line.length === 0) continue;
    for (let column = columnAt(line[0]!.y); column < columnAt(line.at(-1)!.y); column++) crossing[column]!++;
  }
  const columns: Column[] = [];
  let x = 0;
  for (let column = 0; column < count; column++) {
    const [top, bottom] = [edges[column]!, edges[column + 1]!];
    columns.push({
      top,
      bottom,
      left: x,
      right: x + rights[column]! - lefts[column]!,
      dx: x - lefts[column]!,
      dy: -top,
    });
    x += rights[column]! - lefts[column]! + GUTTER + LANE * Math.min(crossing[column]!, 12);
  }
  return columns;
}

/** Lanes in the gutter after each column: what one node writes shares one. */
class Lanes {
  private readonly known = new Map<string, number>();
  private readonly counts = new Map<number, number>();

  of(cut: number, writer: number): number {
    const name = `${cut} ${writer}`;
    const lane = this.known.get(name) ?? this.counts.get(cut) ?? 0;
    if (!this.known.has(name)) this.counts.set(cut, lane + 1);
    this.known.set(name, lane);
    return lane;
  }
}

/** Returns an edge as its parts in each column, and the turns between them. */
function across(
  line: readonly Point[],
  cuts: readonly Break[],
  columns: readonly Column[],
  columnAt: (y: number) => number,
  laneOf: (cut: number) => number,
): Line[] {
  if (line.length === 0) return [];
  const [first, last] = [columnAt(line[0]!.y), columnAt(line.at(-1)!.y)];
  const parts: Line[] = [];
  let entry: Point | undefined;
  for (let number = first; number <= last; number++) {
    const column = columns[number]!;
    const shift = (point: Point): Point => ({ x: point.x + column.dx, y: point.y + column.dy });
    const inner = line.filter((point) => columnAt(point.y) === number).map(shift);
    const start = number === first ? [] : [entry!];
    const exit = number === last ? undefined : shift({ x: xAt(line, cuts[number]!.y), y: column.bottom });
    parts.push({ points: [...start, ...inner, ...(exit === undefined ? [] : [exit])], isTurn: false });
    if (exit === undefined) continue;
    const next = columns[number + 1]!;
    entry = { x: xAt(line, cuts[number]!.y) + next.dx, y: 0 };
    parts.push({ points: turn(exit, entry, (column.right + next.left) / 2, laneOf(number)), isTurn: true });
  }
  return parts;
}

/** Returns the way from the foot of a column through the gutter to the head of the next one. */
function turn(exit: Point, entry: Point, gutter: number, lane: number): Point[] {
  const offset = (lane % 12) * LANE;
  const x = gutter + (((lane % 12) + 1) >> 1) * (lane % 2 === 0 ? 1 : -1) * (LANE / 2);
  const [low, high] = [exit.y + 8 + offset / 2, entry.y - 8 - offset / 2];
  return [exit, { x: exit.x, y: low }, { x, y: low }, { x, y: high }, { x: entry.x, y: high }, entry];
}

function xAt(line: readonly Point[], y: number): number {
  for (let place = 1; place < line.length; place++) {
    const [a, b] = [line[place - 1]!, line[place]!];
    if (y <= b.y) return b.y === a.y ? b.x : a.x + ((b.x - a.x) * (y - a.y)) / (b.y - a.y);
  }
  return line.at(-1)!.x;
}

function boxOf(columns: readonly Column[]): Box {
  const height = Math.max(...columns.map((column) => column.bottom - column.top));
  return { left: -16, top: -24, right: columns.at(-1)!.right + 16, bottom: height + 24 };
}
