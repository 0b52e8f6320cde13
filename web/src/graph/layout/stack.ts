/** All pieces of a graph below each other. */

import type { Scene, SceneEdge } from "../scene";
import type { Point } from "./geometry";
import { LAYER_GAP, PieceLayouts, lineName, type PieceLayout } from "./layered";
import { piecesOf, type Piece } from "./pieces";

export interface Stack {
  readonly centres: readonly Point[];
  /** one line for each edge, from top to bottom */
  readonly lines: readonly (readonly Point[])[];
}

interface Placed {
  readonly piece: Piece;
  readonly layout: PieceLayout;
  /** what has to be added to coordinates of the piece */
  readonly x: number;
  readonly y: number;
}

/** Returns the scene in layers from top to bottom. */
export function stack(scene: Scene): Stack {
  const layouts = new PieceLayouts();
  const placed: Placed[] = [];
  for (const piece of piecesOf(scene)) {
    const nodes = scene.nodes.slice(piece.first, piece.last + 1);
    const edges = edgesOf(piece, scene).map(({ from, to }) => ({ from: from - piece.first, to: to - piece.first }));
    const before = placed.at(-1);
    placed.push(place(piece, layouts.of(nodes, edges, before === undefined ? [] : portOrder(piece, before)), before));
  }
  const centres = placed.flatMap(({ piece, layout, x, y }) =>
    layout.centres.slice(piece.startsShared ? 1 : 0).map((centre) => ({ x: centre.x + x, y: centre.y + y })),
  );
  return { centres, lines: scene.edges.map((edge) => lineOf(edge, placed)) };
}

/** Returns the edges that lie in a piece, enter, leave or pass it. */
function edgesOf({ first, last, startsShared, endsShared }: Piece, scene: Scene): SceneEdge[] {
  return scene.edges.filter(
    ({ from, to }) => from <= last && to >= first && !(startsShared && to === first) && !(endsShared && from === last),
  );
}

/** Returns the writers of the ports below the piece before, from left to right, as the next piece numbers them. */
function portOrder(piece: Piece, before: Placed): number[] {
  const ports = [...before.layout.below].sort(([, a], [, b]) => a.x - b.x);
  return ports.map(([writer]) => writer + before.piece.first - piece.first);
}

function place(piece: Piece, layout: PieceLayout, before: Placed | undefined): Placed {
  if (before === undefined) return { piece, layout, x: 0, y: -layout.top };
  if (piece.startsShared) {
    const [shared, own] = [before.layout.centres.at(-1)!, layout.centres[0]!];
    return { piece, layout, x: shared.x + before.x - own.x, y: shared.y + before.y - own.y };
  }
  const shifts = [...layout.above].flatMap(([writer, port]) => {
    const other = before.layout.below.get(writer + piece.first - before.piece.first);
    return other === undefined ? [] : [other.x + before.x - port.x];
  });
  const x = shifts.length === 0 ? before.x : shifts.reduce((sum, shift) => sum + shift, 0) / shifts.length;
  return { piece, layout, x, y: before.y + before.layout.bottom + LAYER_GAP - layout.top };
}

function lineOf(edge: SceneEdge, placed: readonly Placed[]): Point[] {
  const points: Point[] = [];
  for (const { piece, layout, x, y } of placed) {
    if (piece.last < edge.from || piece.first > edge.to) continue;
    const inPiece = { from: edge.from - piece.first, to: edge.to - piece.first };
    for (const point of layout.lines.get(lineName(inPiece, layout.centres.length)) ?? []) {
      points.push({ x: point.x + x, y: point.y + y });
    }
  }
  return points;
}
