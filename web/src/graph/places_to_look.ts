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
  const words = (known: Known): string =>
    `${isTimed ? milliseconds(cost(known)) : quantity(cost(known)).trim()}, ${percent(cost(known) / total)}`;
  return make(
    "div",
    { class: "places" },
    make("p", { class: "muted" }, "Choose an operator in the graph, in the ribbon or here."),
    list(
      answer.view.colouring?.label ?? "",
      operators.filter((known) => known.remark !== "" && known.group !== 0),
      (known) => known.remark,
      state,
    ),
    list("Hazards", hazards, (known) => culpritOf(known)[0]!.rule, state),
    offTheNpu(
      operators.filter((known) => answer.view.has_placement && known.placed.unit !== "npu"),
      state,
    ),
    list(isTimed ? "Most time" : "Most MACs", costly, words, state),
    make(
      "p",
      { class: "muted keys" },
      make("kbd", {}, "/"),
      " search ",
      make("kbd", {}, "←"),
      make("kbd", {}, "→"),
      " in order ",
      make("kbd", {}, "↑"),
      make("kbd", {}, "↓"),
      " along edges ",
      make("kbd", {}, "0"),
      " all",
    ),
  );
}

/** Returns operators off the NPU: each of a few, of many the reasons, which colour and filter the graph. */
function offTheNpu(found: readonly Known[], state: State): HTMLElement | null {
  const byRule = state.colourings.find((colouring) => colouring.name === "rule" && colouring.unavailable === "");
  if (found.length <= MOST || byRule === undefined)
    return list("Off the NPU", found, (known) => known.finding?.rule ?? "no reason given", state);
  const rows = byRule.groups.flatMap((group) => {
    const members = found.filter((known) => byRule.groupOf(known) === group);
    if (members.length === 0) return [];
    const entry = button("", () => (state.colour(byRule), state.only(group.key)), {
      class: "match",
      title: "Show these operators",
    });
    const label = group.key === "" ? "no reason given" : group.label;
    entry.append(
      make("span", { class: "number muted" }, `${members.length} ×`),
      make("span", {}, label),
      make("span", { class: "muted remark" }, ""),
    );
    return [make("li", {}, entry)];
  });
  return make("section", {}, make("h4", {}, "Off the NPU, by reason"), make("ul", { class: "matches" }, ...rows));
}

function list(
  title: string,
  found: readonly Known[],
  remark: (known: Known) => string,
  state: State,
): HTMLElement | null {
  if (found.length === 0) return null;
  const rows = found.slice(0, MOST).map((known) => {
    const entry = button("", () => state.select(known.index, "elsewhere"), { class: "match" });
    entry.append(
      make("span", { class: "number muted" }, String(known.index)),
      make("span", {}, known.operator.type),
      make("span", { class: "muted remark" }, remark(known)),
    );
    return make("li", {}, entry);
  });
  if (found.length > MOST)
    rows.push(make("li", { class: "muted more" }, `and ${plural(found.length - MOST, "other")}`));
  return make("section", {}, make("h4", {}, title), make("ul", { class: "matches" }, ...rows));
}
