/** One view of one subgraph: what the network says of its operators, together with what the view says of them. */

import type {
  Finding,
  GraphPayload,
  Hazard,
  Operator,
  Partition,
  PlacedOperator,
  Subgraph,
  Tensor,
  View,
} from "./payload";

/** An operator and everything known about it. */
export interface Known {
  readonly index: number;
  readonly operator: Operator;
  readonly placed: PlacedOperator;
  readonly finding: Finding | undefined;
  readonly hazards: readonly Hazard[];
  readonly partition: Partition | undefined;
  readonly output: Tensor | undefined;
  /** the group in the colouring that the verb adds */
  readonly group: number | undefined;
  /** what the verb says of it */
  readonly remark: string;
}

export interface Answer {
  readonly view: View;
  readonly subgraph: Subgraph;
  readonly subgraphIndex: number;
  readonly subgraphCount: number;
  readonly operators: readonly Known[];
  /** the sum of all predicted times of operators, 0 if none is known */
  readonly totalMs: number;
  /** the operator that writes a tensor */
  readonly writer: ReadonlyMap<number, number>;
  /** the operators that read a tensor */
  readonly readers: ReadonlyMap<number, readonly number[]>;
}

/** Returns what a view says of one subgraph. */
export function answerOf(payload: GraphPayload, viewIndex: number, subgraphIndex: number): Answer {
  const view = payload.views[viewIndex]!;
  const { subgraphs } = payload.networks[view.network]!;
  const subgraph = subgraphs[subgraphIndex]!;
  const start = subgraphs.slice(0, subgraphIndex).reduce((sum, entry) => sum + entry.operators.length, 0);
  const hazards = view.hazards.filter((hazard) => hazard.subgraph === subgraphIndex);
  const partitions = new Map(view.partitions.map((partition) => [partition.index, partition]));
  const operators = subgraph.operators.map((operator, index): Known => {
    const placed = view.operators[start + index]!;
    return {
      index,
      operator,
      placed,
      finding: placed.finding === undefined ? undefined : view.findings[placed.finding],
      hazards: hazards.filter((hazard) => hazard.operators.includes(index)),
      partition: placed.partition === undefined ? undefined : partitions.get(placed.partition),
      output: subgraph.tensors[operator.outputs[0] ?? -1],
      group: view.colouring?.members[start + index],
      remark: view.colouring?.remarks[start + index] ?? "",
    };
  });
  const writer = new Map<number, number>();
  const readers = new Map<number, number[]>();
  subgraph.operators.forEach((operator, index) => {
    for (const tensor of operator.outputs) writer.set(tensor, index);
    for (const tensor of new Set(operator.inputs)) readers.set(tensor, [...(readers.get(tensor) ?? []), index]);
  });
  const totalMs = operators.reduce((sum, { placed }) => sum + (placed.ms ?? 0), 0);
  return { view, subgraph, subgraphIndex, subgraphCount: subgraphs.length, operators, totalMs, writer, readers };
}

/** Returns the hazards whose culprit is this operator; others only take part. */
export function culpritOf(known: Known): readonly Hazard[] {
  return known.hazards.filter((hazard) => hazard.operators[0] === known.index);
}

export const UNIT_WORDS = { npu: "NPU", cpu: "CPU", unknown: "unknown" } as const;

/** Returns where an operator runs, in words. */
export function whereWords({ placed, remark }: Known, { view }: Answer): string {
  if (!view.has_placement) return remark;
  if (placed.unit === "npu")
    return placed.partition === undefined ? "on the NPU" : `on the NPU, call ${placed.partition}`;
  return placed.unit === "cpu" ? "on the CPU" : "unit unknown";
}

/** Returns everything that a screen reader needs to know of an operator in one sentence. */
export function spoken(known: Known, answer: Answer): string {
  const why = known.finding === undefined ? "" : `, ${known.finding.rule}`;
  const hazards = culpritOf(known)
    .map((hazard) => `, hazard ${hazard.rule}`)
    .join("");
  return `Operator ${known.index}, ${known.operator.type}, ${whereWords(known, answer)}${why}${hazards}`;
}
