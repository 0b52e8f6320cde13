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

export interface Scene {
  readonly nodes: readonly SceneNode[];
  readonly edges: readonly SceneEdge[];
  /** the node of each operator */
  readonly ofOperator: readonly number[];
}

/** Returns the scene of a subgraph: an input stands before its first reader, an output after its writer. */
export function sceneOf(subgraph: Subgraph): Scene {
  const nodes: SceneNode[] = [];
  const edges: SceneEdge[] = [];
  const ofOperator: number[] = [];
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
    const node = add("operator", index);
    ofOperator.push(node);
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
  return { nodes, edges, ofOperator };
}
