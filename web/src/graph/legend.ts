/** The switch between colourings, and the groups of the chosen one, which are also the filter. */

import type { Answer } from "./answer";
import type { Group } from "./colouring";
import { button, make } from "./dom";
import type { State } from "./state";

const MOST_GROUPS = 14;

export class Legend {
  readonly element: HTMLElement;
  private readonly groups = make("div", { class: "groups" });
  private readonly switches: HTMLElement;
  private showsAll = false;

  constructor(
    private readonly answer: Answer,
    private readonly state: State,
  ) {
    const name = `colour-${Math.random().toString(36).slice(2)}`;
    const choices = state.colourings.map((colouring) => {
      const input = make("input", {
        type: "radio",
        name,
        value: colouring.name,
        disabled: colouring.unavailable !== "",
      });
      input.checked = colouring === state.colouring;
      input.addEventListener("change", () => state.colour(colouring));
      return make(
        "label",
        { title: colouring.unavailable || colouring.about },
        input,
        make("span", {}, colouring.label),
      );
    });
    this.switches = make("fieldset", { class: "switch" }, make("legend", {}, "Colour by"), ...choices);
    this.element = make("div", { class: "legend" }, this.switches, this.groups);
    state.on(["colouring", "filter"], () => this.show());
    this.show();
  }

  private show(): void {
    const { colouring, filters } = this.state;
    const choice = this.switches.querySelector<HTMLInputElement>(`input[value="${colouring.name}"]`);
    if (choice !== null) choice.checked = true;
    const chosen = filters.get(colouring.name)?.keys ?? new Set<string>();
    const used = colouring.groups.filter((group) => this.count(group) > 0);
    const shown = this.showsAll ? used : used.slice(0, MOST_GROUPS);
    const focused = (document.activeElement as HTMLElement | null)?.dataset.group;
    const entries = shown.map((group) => {
      const isChosen = chosen.has(group.key);
      const entry = button("", () => this.state.toggle(group.key), {
        class: "group",
        "aria-pressed": String(isChosen),
        "data-group": group.key,
      });
      const swatch = make("span", { class: "swatch", "data-fill": group.fill });
      swatch.style.setProperty("--tone", group.colour);
      entry.append(swatch, make("span", {}, group.label), make("span", { class: "count" }, String(this.count(group))));
      return entry;
    });
    const hidden = used.length - shown.length;
    this.groups.replaceChildren(
      ...entries,
      ...(hidden > 0 ? [button(`${hidden} more`, () => this.expand(), { class: "group more" })] : []),
      ...this.otherFilters(),
    );
    if (focused !== undefined) entries.find((entry) => entry.dataset.group === focused)?.focus();
  }

  private count(group: Group): number {
    return this.answer.operators.filter((known) => this.state.colouring.groupOf(known) === group).length;
  }

  /** Returns what other colourings filter, and the way to drop all filters. */
  private otherFilters(): HTMLElement[] {
    const { filters, colouring } = this.state;
    if (filters.size === 0) return [];
    const others = [...filters.values()].filter((filter) => filter.colouring !== colouring);
    const words = others.map(({ colouring: { label, groups }, keys }) => {
      const labels = groups.filter((group) => keys.has(group.key)).map((group) => group.label);
      return `${label}: ${labels.join(" or ")}`;
    });
    return [
      ...(words.length > 0 ? [make("span", { class: "muted also" }, `and ${words.join(", ")}`)] : []),
      button("Clear filter", () => this.state.clearFilters(), { class: "group clear" }),
    ];
  }

  private expand(): void {
    this.showsAll = true;
    this.show();
  }
}
