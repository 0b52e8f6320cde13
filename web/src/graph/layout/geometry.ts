/** Points, and where things lie. Coordinates are pixels at zoom 1; nodes lie around their centre. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A graph laid out: the centre of each node, and for each edge its lines, drawn one after the other. */
export interface Layout {
  readonly centres: readonly Point[];
  readonly lines: readonly (readonly Line[])[];
  readonly box: Box;
}

/** A part of an edge. Flowing ones follow the layers; a turn leads from the foot of a column to the head of another. */
export interface Line {
  readonly points: readonly Point[];
  readonly isTurn: boolean;
}
