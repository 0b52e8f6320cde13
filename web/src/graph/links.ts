/** Deep links: `#op-42` is operator 42 of the main subgraph, `#op-1-42` that of subgraph 1. `@2` names the view. */

export interface Place {
  readonly view: number | undefined;
  readonly subgraph: number;
  readonly operator: number;
}

const FORM = /^#op-(?:(\d+)-)?(\d+)(?:@(\d+))?$/;

/** Returns the operator that a link names, null if it names something else. */
export function readLink(hash: string): Place | null {
  const match = FORM.exec(hash);
  if (match === null) return null;
  const [, subgraph, operator, view] = match;
  return {
    view: view === undefined ? undefined : Number(view) - 1,
    subgraph: Number(subgraph ?? 0),
    operator: Number(operator),
  };
}

/** Returns the link to an operator. */
export function linkTo({ view, subgraph, operator }: Place): string {
  const where = subgraph === 0 ? `#op-${operator}` : `#op-${subgraph}-${operator}`;
  return view === undefined || view === 0 ? where : `${where}@${view + 1}`;
}
