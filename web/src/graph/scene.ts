/** What is drawn of one subgraph: its operators, inputs and outputs as nodes, and the tensors between them as edges. */

import type { Subgraph } from "./payload";

export const NODE_WIDTH = 156;
export const NODE_HEIGHT = 42;
export const PORT_HEIGHT = 24;

export interface SceneNode {
  /** position among the nodes; producers come before consumers */
  readonly id: number;
  readonly kind: "operator" | "input" | "output";
  /** index of the operator, or of the tensor for inputs and outputs */
  readonly index: number;
  readonly width: number;
  readonly height: number;
}

export interface SceneEdge {
  readonly from: number;
  readonly to: number;
  readonly tensor: number;
}

/** An operator that only unpacks a constant for one reader, such as DEQUANTIZE of weights: a chip on the node that reads. */
export interface Chip {
  readonly operator: number;
  readonly host: number;
  /** position among the chips of the host */
  readonly slot: number;
}

export interface Scene {
  readonly nodes: readonly SceneNode[];
  readonly edges: readonly SceneEdge[];
  readonly chips: readonly Chip[];
  /** the node of each operator; of a chip that of its host */
  readonly ofOperator: readonly number[];
}

/** Returns the scene of a subgraph: an input stands before its first reader, an output after its writer. */
export function sceneOf(subgraph: Subgraph): Scene {
  const nodes: SceneNode[] = [];
  const edges: SceneEdge[] = [];
  const ofOperator: number[] = [];
  const hosts = hostsOf(subgraph);
  const writer = new Map<number, number>();
  const inputs = new Set(subgraph.inputs);
  const outputs = new Set(subgraph.outputs);

  const add = (kind: SceneNode["kind"], index: number): number => {
    const height = kind === "operator" ? NODE_HEIGHT : PORT_HEIGHT;
    nodes.push({ id: nodes.length, kind, index, width: NODE_WIDTH, height });
    return nodes.length - 1;
  };
  const addInput = (tensor: number): void => {
    inputs.delete(tensor);
    writer.set(tensor, add("input", tensor));
  };

  subgraph.operators.forEach((operator, index) => {
    operator.inputs.filter((tensor) => inputs.has(tensor)).forEach(addInput);
    if (hosts.has(index)) return;
    const node = add("operator", index);
    ofOperator[index] = node;
    for (const tensor of new Set(operator.inputs)) {
      const from = writer.get(tensor);
      if (from !== undefined && from !== node) edges.push({ from, to: node, tensor });
    }
    for (const tensor of operator.outputs) {
      writer.set(tensor, node);
      if (outputs.has(tensor)) edges.push({ from: node, to: add("output", tensor), tensor });
    }
  });
  inputs.forEach(addInput);
  const slots = new Map<number, number>();
  const chips = [...hosts].map(([operator, reader]): Chip => {
    const host = ofOperator[reader]!;
    ofOperator[operator] = host;
    slots.set(host, (slots.get(host) ?? -1) + 1);
    return { operator, host, slot: slots.get(host)! };
  });
  return { nodes, edges, chips, ofOperator };
}

/** Returns the operators that only unpack constants, with the operator that reads what they write. */
function hostsOf({ operators, tensors, outputs }: Subgraph): Map<number, number> {
  const readers = new Map<number, number[]>();
  operators.forEach((operator, index) => {
    for (const tensor of new Set(operator.inputs)) readers.set(tensor, [...(readers.get(tensor) ?? []), index]);
  });
  const unpacked = new Set<number>();
  const hosts = new Map<number, number>();
  operators.forEach(({ inputs, outputs: own }, index) => {
    const isConstant = (tensor: number): boolean =>
      tensor < 0 || tensors[tensor]!.role === "constant" || unpacked.has(tensor);
    const [output] = own;
    if (own.length !== 1 || inputs.length === 0 || !inputs.every(isConstant) || outputs.includes(output!)) return;
    const [reader, ...others] = readers.get(output!) ?? [];
    if (
      reader === undefined ||
      others.length > 0 ||
      operators[reader]!.inputs.every((tensor) => isConstant(tensor) || tensor === output)
    )
      return;
    unpacked.add(output!);
    hosts.set(index, reader);
  });
  return hosts;
}
