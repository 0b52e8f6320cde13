/** Where to look first, while no operator is chosen: hazards, operators off the NPU, the costliest operators. */

import { type Answer, type Known, culpritOf } from "./answer";
import { button, make } from "./dom";
import type { State } from "./state";
import { milliseconds, percent, plural, quantity } from "./words";

const MOST = 5;

/** Returns lists of operators worth a look. */
export function placesToLook(answer: Answer, state: State): HTMLElement {
  const { operators } = answer;
  const hazards = operators.filter((known) => culpritOf(known).length > 0);
  const isTimed = answer.totalMs > 0;
  const cost = (known: Known): number => (isTimed ? known.placed.ms : known.operator.macs) ?? 0;
  const total = operators.reduce((sum, known) => sum + cost(known), 0);
  const costly = operators.filter((known) => cost(known) > 0).sort((a, b) => cost(b) - cost(a));
  const words = (known: Known): string => `${isTimed ? milliseconds(cost(known)) : quantity(cost(known)).trim()}, ${percent(cost(known) / total)}`;
  return make(
    "div",
    { class: "places" },
    make("p", { class: "muted" }, "Choose an operator in the graph, in the ribbon or here."),
    list(answer.view.colouring?.label ?? "", operators.filter((known) => known.remark !== "" && known.group !== 0), (known) => known.remark, state),
    list("Hazards", hazards, (known) => culpritOf(known)[0]!.rule, state),
    list("Off the NPU", operators.filter((known) => answer.view.has_placement && known.placed.unit !== "npu"), (known) => known.finding?.rule ?? "no reason given", state),
    list(isTimed ? "Most time" : "Most MACs", costly, words, state),
    make("p", { class: "muted keys" }, make("kbd", {}, "/"), " search ", make("kbd", {}, "←"), make("kbd", {}, "→"), " in order ", make("kbd", {}, "↑"), make("kbd", {}, "↓"), " along edges ", make("kbd", {}, "0"), " all"),
  );
}

function list(title: string, found: readonly Known[], remark: (known: Known) => string, state: State): HTMLElement | null {
  if (found.length === 0) return null;
  const rows = found.slice(0, MOST).map((known) => {
    const entry = button("", () => state.select(known.index, "elsewhere"), { class: "match" });
    entry.append(make("span", { class: "number muted" }, String(known.index)), make("span", {}, known.operator.type), make("span", { class: "muted remark" }, remark(known)));
    return make("li", {}, entry);
  });
  if (found.length > MOST) rows.push(make("li", { class: "muted more" }, `and ${plural(found.length - MOST, "other")}`));
  return make("section", {}, make("h4", {}, title), make("ul", { class: "matches" }, ...rows));
}
