/** The viewer of one subgraph of one view: toolbar, ribbon, graph and details. */

import { type Answer, spoken } from "./answer";
import { Canvas } from "./canvas";
import { colouringsOf } from "./colouring";
import { describe, type Steps } from "./details";
import { button, make } from "./dom";
import { listenToKeys } from "./keyboard";
import { inColumns } from "./layout/columns";
import { stack, type Stack } from "./layout/stack";
import { Legend } from "./legend";
import { placesToLook } from "./places_to_look";
import { Ribbon } from "./ribbon";
import { sceneOf, type Scene } from "./scene";
import { Search } from "./search";
import { State } from "./state";

/** Scenes and their layouts by subgraph: views that share a network share them. */
const laidOut = new Map<unknown, { scene: Scene; stack: Stack }>();

export class Viewer {
  readonly element: HTMLElement;
  readonly state: State;
  readonly canvas: Canvas;
  private readonly ribbon: Ribbon;
  private readonly scene: Scene;
  private readonly stack: Stack;
  private readonly panel = make("aside", { class: "panel", "aria-label": "Details" });
  private readonly status = make("div", { class: "hidden-label", role: "status" });
  private readonly watcher = new ResizeObserver(() => this.place());
  private room = "";

  constructor(
    private readonly answer: Answer,
    private readonly steps: Steps,
    colouring: string,
  ) {
    const known = laidOut.get(answer.subgraph) ?? layOut(answer);
    laidOut.set(answer.subgraph, known);
    ({ scene: this.scene, stack: this.stack } = known);
    this.state = new State(colouringsOf(answer), colouring);
    this.canvas = new Canvas(answer, this.scene, this.state);
    this.ribbon = new Ribbon(answer, this.state);
    const search = new Search(answer, this.state);
    const legend = new Legend(answer, this.state);
    const zooms = make(
      "div",
      { class: "zooms" },
      button("−", () => this.canvas.scaleBy(1 / 1.6), { "aria-label": "Zoom out" }),
      button("+", () => this.canvas.scaleBy(1.6), { "aria-label": "Zoom in" }),
      button("All", () => this.canvas.fit(), { "aria-label": "Show the whole graph" }),
      button("Expand", (): void => this.expand(), { "aria-pressed": "false", class: "button expand" }),
    );
    this.element = make(
      "div",
      { class: "viewer card" },
      make("div", { class: "toolbar" }, legend.element, search.element),
      this.ribbon.element,
      make("div", { class: "stage" }, make("div", { class: "window" }, this.canvas.element, zooms), this.panel),
      this.status,
    );
    listenToKeys(this.element, answer, this.state, this.canvas, search);
    this.state.on(["selection"], () => this.describe());
    this.describe();
    this.watcher.observe(this.canvas.element);
  }

  remove(): void {
    this.watcher.disconnect();
    this.element.remove();
  }

  /** Fits everything into the room that there is. Measures first, because each measurement after a change costs. */
  place(): void {
    const size = this.canvas.measure();
    const { width } = this.ribbon;
    const room = `${size.width}×${size.height} ${width}`;
    if (room === this.room) return;
    this.room = room;
    this.ribbon.place(width);
    this.canvas.place(inColumns(this.scene, this.stack, size), size);
  }

  private describe(): void {
    const { selected } = this.state;
    const content =
      selected === null
        ? placesToLook(this.answer, this.state)
        : describe(this.answer.operators[selected]!, this.answer, this.state, this.steps);
    this.panel.replaceChildren(content);
    this.panel.scrollTop = 0;
    const isHeard = selected === null || this.state.origin === "keyboard"; // by the focus, which moved there
    this.status.textContent = isHeard ? "" : spoken(this.answer.operators[selected]!, this.answer);
    this.element.classList.toggle("has-details", selected !== null);
  }

  private expand(): void {
    const isExpanded = this.element.classList.toggle("expanded");
    const switcher = this.element.querySelector<HTMLButtonElement>(".expand")!;
    switcher.textContent = isExpanded ? "Shrink" : "Expand";
    switcher.setAttribute("aria-pressed", String(isExpanded));
    document.documentElement.classList.toggle("no-scroll", isExpanded);
  }
}

function layOut({ subgraph }: Answer): { scene: Scene; stack: Stack } {
  performance.mark("npufit:layout");
  const scene = sceneOf(subgraph);
  const found = { scene, stack: stack(scene) };
  performance.measure("npufit:layout", "npufit:layout");
  return found;
}
