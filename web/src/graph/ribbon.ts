/** All operators in execution order as a ribbon of cells, coloured like the graph: the whole network at a glance. */

import { type Answer, culpritOf, spoken } from "./answer";
import { make, makeSvg } from "./dom";
import type { State } from "./state";

const NARROWEST = 5;
const WIDEST = 26;
const HEIGHT = 18;
const ROW = 26;
const GAP = 1;

export class Ribbon {
  readonly element: HTMLElement;
  private readonly svg = makeSvg("svg", { "aria-hidden": "true" });
  private readonly cells: SVGGElement[] = [];
  private width = 0;

  constructor(private readonly answer: Answer, private readonly state: State) {
    this.element = make("div", { class: "ribbon", title: "All operators in execution order" }, make("div", {}, this.svg));
    for (const known of answer.operators) {
      const cell = makeSvg("g", { class: "cell", "data-operator": known.index });
      const title = makeSvg("title");
      title.textContent = spoken(known);
      cell.append(title, makeSvg("rect", { class: "body" }), makeSvg("rect", { class: "texture" }), makeSvg("rect", { class: "seen" }));
      if (culpritOf(known).length > 0) cell.append(makeSvg("path", { class: "warning" }));
      this.cells.push(cell);
      this.svg.append(cell);
    }
    this.svg.addEventListener("click", (event) => {
      const cell = (event.target as Element).closest<SVGGElement>("[data-operator]");
      if (cell !== null) state.select(Number(cell.dataset.operator), "elsewhere");
    });
    state.on(["colouring"], () => this.paint());
    state.on(["filter"], () => this.dim());
    state.on(["selection"], () => this.mark("selected", state.selected === null ? [] : [state.selected]));
    state.on(["visible"], () => this.mark("in-window", state.visible.length === this.cells.length ? [] : state.visible));
    this.paint();
  }

  /** Spreads the cells over the width that there is. */
  place(): void {
    const width = this.svg.parentElement!.clientWidth;
    if (width === this.width || width === 0) return;
    this.width = width;
    const count = this.cells.length;
    const rows = Math.max(1, Math.ceil((count * NARROWEST) / width));
    const inRow = Math.ceil(count / rows);
    const pitch = Math.min(WIDEST, width / inRow);
    this.svg.setAttribute("width", String(width));
    this.svg.setAttribute("height", String(rows * ROW));
    this.cells.forEach((cell, index) => {
      const [column, row] = [index % inRow, Math.floor(index / inRow)];
      cell.setAttribute("transform", `translate(${(column * pitch).toFixed(2)},${row * ROW + 7})`);
      for (const rect of cell.querySelectorAll("rect")) {
        const isMark = rect.classList.contains("seen");
        rect.setAttribute("width", String(Math.max(1, pitch - (isMark ? 0 : GAP))));
        rect.setAttribute("height", String(isMark ? 2 : HEIGHT - 4));
        rect.setAttribute("y", String(isMark ? HEIGHT - 2 : 0));
      }
      cell.querySelector("path")?.setAttribute("d", `M${(pitch - GAP) / 2 - 5},-6h10l-5,8z`);
    });
  }

  private paint(): void {
    this.answer.operators.forEach((known, index) => {
      const group = this.state.colouring.groupOf(known);
      this.cells[index]!.style.setProperty("--tone", group.colour);
      this.cells[index]!.dataset.fill = group.fill;
    });
  }

  private dim(): void {
    this.answer.operators.forEach((known, index) => this.cells[index]!.classList.toggle("dim", !this.state.passes(known)));
  }

  private mark(name: string, operators: readonly number[]): void {
    for (const cell of this.svg.querySelectorAll(`.${name}`)) cell.classList.remove(name);
    for (const operator of operators) this.cells[operator]?.classList.add(name);
  }
}
