/**
 * Pieces of a graph that can be laid out one below the other. Layered layouts take much more than linear time, and most
 * networks are chains of small blocks: where everything passes through one node, the graph falls into two, and nothing is
 * lost by laying out each part alone. A part that is still large is cut where the fewest tensors cross; each of them gets
 * a port on both sides.
 */

import type { Scene } from "../scene";

export interface Piece {
  readonly first: number;
  readonly last: number;
  /** true if the first node is also the last of the piece before */
  readonly startsShared: boolean;
  readonly endsShared: boolean;
}

const LARGE = 80;
const SMALL = 30;

/** Returns the pieces of a scene, in order. */
export function piecesOf(scene: Scene): Piece[] {
  const reach = reachOf(scene);
  const end = scene.nodes.length - 1;
  const cuts: number[] = [];
  let farthest = 0;
  for (let node = 0; node < end; node++) {
    if (node > 0 && farthest <= node) cuts.push(node);
    farthest = Math.max(farthest, reach[node]!);
  }
  return [...cuts, end].flatMap((last, place) => {
    const first = cuts[place - 1] ?? 0;
    return split({ first, last, startsShared: place > 0, endsShared: last !== end }, reach);
  });
}

/** Returns for each node the last one that reads from it. */
function reachOf(scene: Scene): number[] {
  const reach = scene.nodes.map((node) => node.id);
  for (const edge of scene.edges) reach[edge.from] = Math.max(reach[edge.from]!, edge.to);
  return reach;
}

/** Returns a piece, or if it is large its parts, cut after the nodes where the fewest others are still read. */
function split(piece: Piece, reach: readonly number[]): Piece[] {
  const parts: Piece[] = [];
  let rest = piece;
  while (rest.last - rest.first + 1 > LARGE) {
    const { first } = rest;
    let best = first + SMALL;
    let fewest = Infinity;
    for (let cut = first + SMALL; cut <= Math.min(first + LARGE, rest.last - SMALL); cut++) {
      const crossing = countCrossing(reach, piece.first, cut);
      if (crossing < fewest) [best, fewest] = [cut, crossing];
    }
    parts.push({ ...rest, last: best, endsShared: false });
    rest = { ...rest, first: best + 1, startsShared: false };
  }
  return [...parts, rest];
}

/** Returns how many nodes up to `cut` are read after it. */
function countCrossing(reach: readonly number[], start: number, cut: number): number {
  let crossing = 0;
  for (let node = start; node <= cut; node++) if (reach[node]! > cut) crossing++;
  return crossing;
}
