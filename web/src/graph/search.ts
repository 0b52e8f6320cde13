/** Search by index, type, names of tensors, rule or shape. Enter goes from one match to the next. */

import { type Answer, type Known, spoken } from "./answer";
import { button, make } from "./dom";
import type { State } from "./state";
import { plural, shape } from "./words";

const MOST = 40;

export class Search {
  readonly element: HTMLElement;
  private readonly input = make("input", {
    type: "search",
    placeholder: "Search: index, type, name, rule",
    "aria-label": "Search operators",
    autocomplete: "off",
    spellcheck: "false",
  });
  private readonly count = make("output", { class: "muted", "aria-live": "polite" });
  private readonly list = make("ul", { class: "matches", hidden: true });
  private readonly texts: readonly string[];
  private matches: readonly Known[] = [];

  constructor(
    private readonly answer: Answer,
    private readonly state: State,
  ) {
    this.texts = answer.operators.map((known) => textOf(known, answer));
    this.element = make("div", { class: "search", role: "search" }, this.input, this.count, this.list);
    this.input.addEventListener("input", () => this.find());
    this.input.addEventListener("keydown", (event) => this.step(event));
    this.element.addEventListener("focusout", (event) => {
      if (!this.element.contains(event.relatedTarget as Node | null)) this.list.hidden = true;
    });
    this.input.addEventListener("focus", () => this.list.toggleAttribute("hidden", this.matches.length === 0));
  }

  focus(): void {
    this.input.focus();
    this.input.select();
  }

  private find(): void {
    const words = this.input.value
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    if (words.length === 0) {
      this.show([], "");
      this.state.search(null);
      return;
    }
    const exact = /^#?(\d+)$/.exec(this.input.value.trim());
    const found = this.answer.operators.filter((known) =>
      words.every((word) => this.texts[known.index]!.includes(word)),
    );
    const named = exact === null ? undefined : this.answer.operators[Number(exact[1])];
    const isOfType = (known: Known): boolean => known.operator.type.toLowerCase().startsWith(words[0]!);
    const first = named === undefined ? found.filter(isOfType) : [named];
    const matches = [...first, ...found.filter((known) => !first.includes(known))];
    this.show(
      matches,
      matches.length === 0 ? "no match" : `${matches.length} of ${plural(this.answer.operators.length, "operator")}`,
    );
    this.state.search(new Set(matches.map((known) => known.index)));
  }

  private show(matches: readonly Known[], words: string): void {
    this.matches = matches;
    this.count.textContent = words;
    const rows = matches.slice(0, MOST).map((known) => {
      const entry = button("", () => this.choose(known), { class: "match", title: spoken(known, this.answer) });
      entry.append(
        make("span", { class: "number muted" }, String(known.index)),
        make("span", {}, known.operator.type),
        make("span", { class: "muted name" }, known.output?.name ?? ""),
      );
      return make("li", {}, entry);
    });
    if (matches.length > MOST)
      rows.push(make("li", { class: "muted" }, `… ${matches.length - MOST} more; they are marked in the graph`));
    this.list.replaceChildren(...rows);
    this.list.hidden = rows.length === 0;
  }

  private choose(known: Known): void {
    this.list.hidden = true;
    this.state.select(known.index, "elsewhere");
  }

  private step(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      this.input.value = "";
      this.find();
      event.preventDefault();
    } else if (event.key === "Enter" && this.matches.length > 0) {
      const current = this.matches.findIndex((known) => known.index === this.state.selected);
      this.choose(this.matches[(current + (event.shiftKey ? this.matches.length - 1 : 1)) % this.matches.length]!);
      event.preventDefault();
    } else if (event.key === "ArrowDown") {
      this.list.querySelector("button")?.focus();
      event.preventDefault();
    }
  }
}

function textOf(known: Known, { subgraph }: Answer): string {
  const tensors = [...known.operator.inputs, ...known.operator.outputs].flatMap(
    (index) => subgraph.tensors[index] ?? [],
  );
  const parts = [
    `#${known.index}`,
    known.operator.type,
    known.placed.unit,
    known.finding?.rule,
    ...known.hazards.map((hazard) => hazard.rule),
    ...tensors.flatMap((tensor) => [tensor.name, shape(tensor), shape(tensor).replaceAll("×", "x")]),
  ];
  return parts.join(" ").toLowerCase();
}
