/** Everything about one operator, in words. What is not known is said. */

import { type Answer, type Known, UNIT_WORDS } from "./answer";
import { button, make } from "./dom";
import type { Finding, Hazard, Remedy, Tensor } from "./payload";
import type { State } from "./state";
import { bytes, dynamicShape, milliseconds, percent, plural, quantity, shape } from "./words";

const EFFECTS: Record<Hazard["effect"], [certain: string, possible: string]> = {
  crash: ["The process crashes", "The process may crash"],
  fails: ["The inference fails with an error", "The inference may fail with an error"],
  wrong: ["The answer is or may be wrong", "The answer is or may be wrong"],
};

export interface Steps {
  /** Returns the subgraph's title, and what shows it; null where it is already shown. */
  openSubgraph(index: number): void;
}

/** Returns the description of an operator. */
export function describe(known: Known, answer: Answer, state: State, steps: Steps): HTMLElement {
  return make(
    "article",
    { class: "operator-details", "aria-label": `Operator ${known.index}` },
    heading(known, answer, state),
    ...known.hazards.map((hazard) => hazardBlock(hazard, known, answer, state)),
    known.remark === "" ? null : make("p", { class: "remark" }, known.remark),
    answer.view.has_placement
      ? known.finding === undefined
        ? withoutReason(known)
        : findingBlock(known.finding, known)
      : null,
    known.placed.note ? make("p", { class: "note" }, known.placed.note) : null,
    costs(known, answer),
    tensors("Reads", known.operator.inputs, answer, state),
    tensors("Writes", known.operator.outputs, answer, state),
    options(known),
    calls(known, answer, steps),
  );
}

function heading(known: Known, answer: Answer, state: State): HTMLElement {
  const { index } = known;
  const last = answer.operators.length - 1;
  const badge = make("span", { class: "badge", "data-unit": known.placed.unit }, UNIT_WORDS[known.placed.unit]);
  const call =
    known.partition === undefined
      ? null
      : make(
          "span",
          { class: "muted" },
          `call ${known.partition.index}, ${plural(known.partition.operators.length, "operator")}, ${bytes(known.partition.boundary_bytes)} at its boundary`,
        );
  return make(
    "header",
    {},
    make(
      "div",
      { class: "steps" },
      make("span", { class: "number muted" }, `operator ${index} of 0–${last}`),
      button("←", () => state.select(index - 1, "elsewhere"), {
        "aria-label": "Previous operator",
        disabled: index === 0,
      }),
      button("→", () => state.select(index + 1, "elsewhere"), {
        "aria-label": "Next operator",
        disabled: index === last,
      }),
      button("×", () => state.select(null, "elsewhere"), { "aria-label": "Close" }),
    ),
    make("h3", {}, known.operator.type),
    make("p", { class: "code muted" }, known.output?.name || "the output has no name"),
    !answer.view.has_placement
      ? null
      : make(
          "p",
          { class: "where" },
          badge,
          call ?? make("span", { class: "muted" }, `known: ${known.placed.evidence}`),
        ),
  );
}

function facts(rows: readonly (readonly [string, string | Node | null])[]): HTMLElement {
  const list = make("dl", { class: "facts" });
  for (const [name, value] of rows) if (value !== null) list.append(make("dt", {}, name), make("dd", {}, value));
  return list;
}

function findingBlock(finding: Finding, known: Known): HTMLElement {
  return make(
    "section",
    { class: "reason", "data-unit": known.placed.unit },
    make("h4", {}, known.placed.unit === "cpu" ? "Why it is on the CPU" : "Why its unit is unknown"),
    make("p", {}, finding.statement),
    facts([
      ["found", finding.found || "not stated"],
      ["would pass", finding.limit],
      ["way out", ways(finding.remedies, finding.passes)],
      ["rule", make("span", { class: "code" }, finding.rule)],
      ["known", `${finding.evidence}: ${finding.source}`],
    ]),
  );
}

function withoutReason({ placed }: Known): HTMLElement | null {
  if (placed.unit === "npu") return null;
  const text =
    placed.unit === "cpu" ? "What decided this gives no reason." : "Nothing that was read decides where it runs.";
  return make(
    "section",
    { class: "reason", "data-unit": placed.unit },
    make("p", {}, `${text} Known: ${placed.evidence}.`),
  );
}

function hazardBlock(hazard: Hazard, known: Known, answer: Answer, state: State): HTMLElement {
  const isCulprit = hazard.operators[0] === known.index;
  const others = hazard.operators.filter((operator) => operator !== known.index);
  return make(
    "section",
    { class: "reason", "data-unit": "hazard" },
    make("h4", {}, `Hazard: ${EFFECTS[hazard.effect][hazard.certain ? 0 : 1]}`),
    make("p", {}, hazard.statement),
    make("p", {}, isCulprit ? hazard.message : `The operator at fault is ${hazard.operators[0]}: ${hazard.message}`),
    facts([
      ["found", hazard.found || "not stated"],
      ["safe", hazard.limit],
      ["with", others.length === 0 ? null : links(others, answer, state)],
      ["way out", ways(hazard.remedies, hazard.passes)],
      ["hazard", make("span", { class: "code" }, hazard.rule)],
      ["known", `${hazard.evidence}: ${hazard.source}`],
    ]),
  );
}

function ways(remedies: readonly Remedy[], passes: readonly string[]): HTMLElement {
  const entries = [
    ...passes.map((pass) => make("li", { class: "code" }, `npufit fit ${pass}`)),
    ...remedies
      .filter((remedy) => remedy.kind !== "none known")
      .map((remedy) =>
        make("li", {}, `${remedy.kind}: ${remedy.text}${remedy.target === null ? "" : ` (-t ${remedy.target})`}`),
      ),
  ];
  return entries.length === 0 ? make("span", {}, "none known") : make("ul", {}, ...entries);
}

function costs(known: Known, answer: Answer): HTMLElement {
  const { placed, operator } = known;
  const share =
    placed.ms !== undefined && answer.totalMs > 0 ? `, ${percent(placed.ms / answer.totalMs)} of all operators` : "";
  const unknown = answer.view.has_times
    ? placed.unit === "npu"
      ? "counted with another operator of its call, or not predicted"
      : "not predicted"
    : "no data to predict it from";
  return make(
    "section",
    {},
    make("h4", {}, "Cost"),
    facts([
      [
        "predicted",
        !answer.view.has_placement ? null : placed.ms === undefined ? unknown : `${milliseconds(placed.ms)}${share}`,
      ],
      [
        "on the CPU",
        placed.unit === "cpu" || !answer.view.has_placement
          ? null
          : placed.cpu_ms === undefined
            ? "not predicted"
            : milliseconds(placed.cpu_ms),
      ],
      ["bound by", answer.view.has_placement ? (placed.bound ?? "unknown") : null],
      [
        "MACs",
        operator.macs === null
          ? "unknown: the file does not reveal them"
          : operator.macs === 0
            ? "none"
            : quantity(operator.macs).trim(),
      ],
      ["live", `${bytes(operator.live_bytes)} of activations while it runs on the CPU`],
    ]),
  );
}

function tensors(title: string, indices: readonly number[], answer: Answer, state: State): HTMLElement {
  const rows = indices.map((index) => {
    const tensor = answer.subgraph.tensors[index];
    return tensor === undefined
      ? make("li", { class: "muted" }, "left out (optional)")
      : tensorRow(tensor, index, title === "Reads", answer, state);
  });
  return make(
    "section",
    {},
    make("h4", {}, title),
    rows.length === 0 ? make("p", { class: "muted" }, "nothing") : make("ul", { class: "tensors" }, ...rows),
  );
}

function tensorRow(tensor: Tensor, index: number, isInput: boolean, answer: Answer, state: State): HTMLElement {
  const writer = answer.writer.get(index);
  const others = isInput ? (writer === undefined ? [] : [writer]) : (answer.readers.get(index) ?? []);
  const fallback = isInput
    ? tensor.role === "activation"
      ? "input of the network"
      : tensor.role
    : answer.subgraph.outputs.includes(index)
      ? "output of the network"
      : "read by nobody";
  return make(
    "li",
    {},
    make(
      "div",
      {},
      make("strong", {}, shape(tensor)),
      ` ${tensor.type}`,
      make("span", { class: "muted" }, `, ${bytes(tensor.bytes)}`),
    ),
    dynamicShape(tensor) === "" ? null : make("div", { class: "muted" }, `at run time ${dynamicShape(tensor)}`),
    make("div", { class: "code name" }, tensor.name || "no name"),
    make(
      "div",
      { class: "muted" },
      tensor.quantization ||
        (tensor.type.startsWith("float") || tensor.type === "bool" ? "not quantized" : "no quantization"),
    ),
    make(
      "div",
      { class: "muted" },
      others.length === 0 ? fallback : isInput ? "from " : "to ",
      ...(others.length === 0 ? [] : [links(others, answer, state)]),
    ),
  );
}

function links(operators: readonly number[], answer: Answer, state: State): HTMLElement {
  const shown = operators
    .slice(0, 8)
    .flatMap((operator, place) => [
      place === 0 ? "" : ", ",
      button(
        `${operator} ${answer.operators[operator]?.operator.type ?? ""}`,
        () => state.select(operator, "elsewhere"),
        { class: "link" },
      ),
    ]);
  return make("span", {}, ...shown, operators.length > 8 ? ` and ${operators.length - 8} more` : "");
}

function options(known: Known): HTMLElement | null {
  if (known.operator.options.length === 0) return null;
  return make(
    "section",
    {},
    make("h4", {}, "Options"),
    facts(known.operator.options.map(([name, value]) => [name, value] as const)),
  );
}

function calls({ operator }: Known, answer: Answer, steps: Steps): HTMLElement | null {
  const others = operator.calls.filter((index) => index !== answer.subgraphIndex);
  if (others.length === 0) return null;
  return make(
    "section",
    {},
    make("h4", {}, "Runs"),
    make(
      "p",
      {},
      ...others.map((index) => button(`subgraph ${index}`, () => steps.openSubgraph(index), { class: "link" })),
    ),
  );
}
