/** What the reader has chosen. Parts of the viewer change it and hear of changes; none knows another. */

import type { Known } from "./answer";
import type { Colouring } from "./colouring";

/** What changed. */
export type Topic = "selection" | "colouring" | "filter" | "visible";

/** How an operator was chosen: what the reader points at is not moved under the pointer. */
export type Origin = "pointer" | "keyboard" | "elsewhere";

export class State {
  selected: number | null = null;
  origin: Origin = "elsewhere";
  colouring: Colouring;
  /** chosen groups by colouring; a colouring without any lets everything pass */
  readonly filters = new Map<string, { colouring: Colouring; keys: Set<string> }>();
  /** operators that a search found; null without a search */
  found: ReadonlySet<number> | null = null;
  /** operators inside the window of the graph */
  visible: readonly number[] = [];

  private readonly listeners = new Map<Topic, (() => void)[]>();

  constructor(
    readonly colourings: readonly Colouring[],
    chosen: string,
  ) {
    const usable = colourings.filter((colouring) => colouring.unavailable === "");
    this.colouring = usable.find((colouring) => colouring.name === chosen) ?? usable[0]!;
  }

  on(topics: readonly Topic[], listener: () => void): void {
    for (const topic of topics) this.listeners.set(topic, [...(this.listeners.get(topic) ?? []), listener]);
  }

  select(operator: number | null, origin: Origin): void {
    if (operator === this.selected && origin !== "elsewhere") return;
    this.selected = operator;
    this.origin = origin;
    this.tell("selection");
  }

  colour(colouring: Colouring): void {
    this.colouring = colouring;
    this.tell("colouring");
  }

  toggle(key: string): void {
    const { name } = this.colouring;
    const filter = this.filters.get(name) ?? { colouring: this.colouring, keys: new Set() };
    if (!filter.keys.delete(key)) filter.keys.add(key);
    if (filter.keys.size === 0) this.filters.delete(name);
    else this.filters.set(name, filter);
    this.tell("filter");
  }

  /** Filters by one group of the chosen colouring alone. */
  only(key: string): void {
    this.filters.clear();
    this.toggle(key);
  }

  clearFilters(): void {
    this.filters.clear();
    this.tell("filter");
  }

  search(found: ReadonlySet<number> | null): void {
    this.found = found;
    this.tell("filter");
  }

  see(visible: readonly number[]): void {
    this.visible = visible;
    this.tell("visible");
  }

  /** Returns true if an operator passes the search and every filter. */
  passes(known: Known): boolean {
    if (this.found !== null && !this.found.has(known.index)) return false;
    return [...this.filters.values()].every(({ colouring, keys }) => keys.has(colouring.groupOf(known).key));
  }

  get isFiltered(): boolean {
    return this.found !== null || this.filters.size > 0;
  }

  private tell(topic: Topic): void {
    for (const listener of this.listeners.get(topic) ?? []) listener();
  }
}
