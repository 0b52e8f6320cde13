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
  private readonly cells: SVGGElement[];
  private readonly inWindow = makeSvg("path", { class: "in-window" });
  private readonly chosen = makeSvg("rect", { class: "chosen", height: HEIGHT - 2, visibility: "hidden" });
  private rows = { length: 1, pitch: 1 };

  constructor(
    private readonly answer: Answer,
    private readonly state: State,
  ) {
    this.element = make(
      "div",
      { class: "ribbon", title: "All operators in execution order" },
      make("div", {}, this.svg),
    );
    this.cells = answer.operators.map((known) => {
      const cell = makeSvg("g", { class: "cell", "data-operator": known.index });
      const title = makeSvg("title");
      title.textContent = spoken(known, answer);
      cell.append(title, makeSvg("rect", { class: "body" }), makeSvg("rect", { class: "texture" }));
      if (culpritOf(known).length > 0) cell.append(makeSvg("path", { class: "warning" }));
      return cell;
    });
    this.svg.addEventListener("click", (event) => {
      const cell = (event.target as Element).closest<SVGGElement>("[data-operator]");
      if (cell !== null) state.select(Number(cell.dataset.operator), "elsewhere");
    });
    state.on(["colouring"], () => this.paint());
    state.on(["filter"], () => this.dim());
    state.on(["selection"], () => this.showChosen());
    state.on(["visible"], () => this.showWindow());
    this.paint();
  }

  /** The width that there is, in pixels. */
  get width(): number {
    return this.svg.parentElement!.clientWidth;
  }

  /** Spreads the cells over a width. */
  place(width: number): void {
    if (width === 0) return;
    const count = this.cells.length;
    const rows = Math.max(1, Math.ceil((count * NARROWEST) / width));
    const length = Math.ceil(count / rows);
    const pitch = Math.min(WIDEST, width / length);
    this.rows = { length, pitch };
    this.svg.setAttribute("width", String(width));
    this.svg.setAttribute("height", String(rows * ROW));
    this.cells.forEach((cell, index) => {
      const { x, y } = this.corner(index);
      cell.setAttribute("transform", `translate(${x.toFixed(2)},${y})`);
      for (const rect of cell.querySelectorAll("rect")) {
        rect.setAttribute("width", (pitch - GAP).toFixed(2));
        rect.setAttribute("height", String(HEIGHT - 4));
      }
      cell.querySelector("path")?.setAttribute("d", `M${(pitch - GAP) / 2 - 5},-6h10l-5,8z`);
    });
    if (!this.inWindow.isConnected) this.svg.append(...this.cells, this.inWindow, this.chosen);
    this.showChosen();
  }

  private corner(index: number): { x: number; y: number } {
    const { length, pitch } = this.rows;
    return { x: (index % length) * pitch, y: Math.floor(index / length) * ROW + 7 };
  }

  private paint(): void {
    this.answer.operators.forEach((known, index) => {
      const group = this.state.colouring.groupOf(known);
      this.cells[index]!.style.setProperty("--tone", group.colour);
      this.cells[index]!.dataset.fill = group.fill;
    });
  }

  private dim(): void {
    this.answer.operators.forEach((known, index) =>
      this.cells[index]!.classList.toggle("dim", !this.state.passes(known)),
    );
  }

  private showChosen(): void {
    const { selected } = this.state;
    this.chosen.setAttribute("visibility", selected === null ? "hidden" : "visible");
    if (selected === null) return;
    const { x, y } = this.corner(selected);
    for (const [name, value] of Object.entries({ x: x - 1.5, y: y - 1, width: this.rows.pitch + 2 }))
      this.chosen.setAttribute(name, String(value));
  }

  /** Underlines the operators that the window of the graph shows, unless it shows all. */
  private showWindow(): void {
    const { visible } = this.state;
    const isAll = visible.length === this.cells.length;
    const dashes = isAll ? [] : visible.map((index) => [this.corner(index), this.rows.pitch] as const);
    this.inWindow.setAttribute(
      "d",
      dashes.map(([{ x, y }, pitch]) => `M${x.toFixed(1)},${y + HEIGHT - 1.5}h${pitch.toFixed(1)}`).join(""),
    );
  }
}
