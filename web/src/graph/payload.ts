/** The payload `graph`, as `npufit.report.page.graph_view` and `network_document` write it. */

export type Unit = "npu" | "cpu" | "unknown";
export type Effect = "crash" | "fails" | "wrong";

export interface Tensor {
  name: string;
  type: string;
  /** null if the file gives none */
  shape: number[] | null;
  /** the shape with -1 for what is known only at run time; null without */
  signature: number[] | null;
  bytes: number;
  role: "activation" | "constant" | "variable";
  quantization: string;
}

export interface Operator {
  type: string;
  /** indices of tensors; -1 is left out */
  inputs: number[];
  outputs: number[];
  macs: number | null;
  live_bytes: number;
  options: [string, string][];
  calls: number[];
}

export interface Subgraph {
  name: string;
  inputs: number[];
  outputs: number[];
  tensors: Tensor[];
  operators: Operator[];
}

export interface Network {
  name: string;
  subgraphs: Subgraph[];
}

export interface Remedy {
  kind: string;
  text: string;
  target: string | null;
}

interface Reason {
  rule: string;
  statement: string;
  limit: string;
  found: string;
  evidence: string;
  source: string;
  remedies: Remedy[];
  passes: string[];
}

export type Finding = Reason;

export interface Hazard extends Reason {
  effect: Effect;
  certain: boolean;
  subgraph: number;
  operators: number[];
  message: string;
}

/** An operator of a view; what is empty or unknown is left out. */
export interface PlacedOperator {
  unit: Unit;
  evidence: string;
  partition?: number;
  finding?: number;
  note?: string;
  ms?: number;
  cpu_ms?: number;
  bound?: string;
}

export interface Partition {
  index: number;
  subgraph: number;
  operators: number[];
  inputs: number[];
  outputs: number[];
  boundary_bytes: number;
  npu_ms: number | null;
  call_ms: number | null;
  copy_ms: number | null;
}

export type Look = "calm" | "fresh" | "warm" | "alarm" | "none";

/** A colouring that a verb adds: the group of each operator of the view, and a sentence for its details. */
export interface ViewColouring {
  label: string;
  about: string;
  groups: { label: string; look: Look }[];
  members: number[];
  remarks: string[];
  is_first?: boolean;
}

export interface View {
  title: string;
  network: number;
  has_placement: boolean;
  has_times: boolean;
  operators: PlacedOperator[];
  findings: Finding[];
  hazards: Hazard[];
  partitions: Partition[];
  colouring?: ViewColouring;
}

export interface GraphPayload {
  networks: Network[];
  views: View[];
}
