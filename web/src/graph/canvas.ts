/** The drawing of the graph: one SVG that is moved and zoomed; labels appear as there is room for them. */

import { select, type Selection } from "d3-selection";
import "d3-transition";
import { curveMonotoneY, line as lineOf } from "d3-shape";
import { zoom, zoomIdentity, type D3ZoomEvent, type ZoomTransform } from "d3-zoom";
import { type Answer, culpritOf, spoken } from "./answer";
import { make, makeSvg } from "./dom";
import type { Layout, Line, Point } from "./layout/geometry";
import { NODE_HEIGHT, NODE_WIDTH, type Scene, type SceneNode } from "./scene";
import type { State } from "./state";
import { shape, shorten } from "./words";

const SHORT = 0.27;
const NAMED = 0.42;
const DETAILED = 0.74;
const READING = 0.95;
const LARGEST = 3;
const MOVE_MS = 260;
const CORNER = 7;
const TYPE_LETTERS = 20;
const SHORT_LETTERS = 8;
const CHIP_PITCH = 14;

const flowing = lineOf<Point>(
  (point) => point.x,
  (point) => point.y,
).curve(curveMonotoneY);
const still = matchMedia("(prefers-reduced-motion: reduce)");

export interface Size {
  readonly width: number;
  readonly height: number;
}

export class Canvas {
  readonly element: HTMLElement;
  private readonly svg: SVGSVGElement;
  private readonly world: SVGGElement;
  private readonly nodes: SVGGElement[] = [];
  private readonly ofOperator = new Map<number, SVGGElement>();
  private readonly paths: SVGPathElement[] = [];
  private readonly zoom = zoom<SVGSVGElement, unknown>();
  private readonly root: Selection<SVGSVGElement, unknown, null, undefined>;
  private readonly hint = make(
    "p",
    { class: "canvas-hint", "aria-hidden": "true" },
    "Click the graph, or hold Ctrl, to zoom with the wheel",
  );
  private layout: Layout | undefined;
  private transform: ZoomTransform = zoomIdentity;
  private frame = 0;
  private size: Size = { width: 0, height: 0 };

  constructor(
    private readonly answer: Answer,
    private readonly scene: Scene,
    private readonly state: State,
  ) {
    const label = `Graph of ${answer.operators.length} operators. Arrow keys move along it.`;
    this.svg = makeSvg("svg", { class: "graph", role: "group", tabindex: -1, "aria-label": label });
    this.svg.append(patterns());
    this.world = makeSvg("g", { class: "world" });
    this.element = make("div", { class: "canvas" }, this.svg, this.hint);
    this.root = select(this.svg);
    this.draw();
    this.listen();
  }

  /** Returns the size of the window of the graph in pixels, as it is now. */
  measure(): Size {
    const { clientWidth, clientHeight } = this.element;
    return { width: Math.max(200, clientWidth), height: Math.max(160, clientHeight) };
  }

  /** Puts everything in its place in a window of this size, and shows all of it. */
  place(layout: Layout, size: Size): void {
    this.layout = layout;
    this.size = size;
    this.zoom.extent([
      [0, 0],
      [size.width, size.height],
    ]);
    this.scene.nodes.forEach((_, id) => {
      const { x, y } = layout.centres[id]!;
      this.nodes[id]!.setAttribute("transform", `translate(${round(x)},${round(y)})`);
    });
    for (const { operator, host, slot } of this.scene.chips) {
      const { x, y } = layout.centres[host]!;
      const corner = { x: x - NODE_WIDTH / 2 + 20 + slot * CHIP_PITCH, y: y - NODE_HEIGHT / 2 };
      this.ofOperator.get(operator)!.setAttribute("transform", `translate(${round(corner.x)},${round(corner.y)})`);
    }
    layout.lines.forEach((lines, edge) => this.paths[edge]!.setAttribute("d", lines.map(pathOf).join("")));
    if (!this.world.isConnected) this.svg.append(this.world);
    this.fit(false);
  }

  /** Shows the whole graph. */
  fit(isSmooth = true): void {
    if (this.layout === undefined) return;
    const { width, height } = this.size;
    const { left, top, right, bottom } = this.layout.box;
    const scale = Math.min(1.1, width / (right - left), height / (bottom - top));
    this.zoom.scaleExtent([scale * 0.7, LARGEST]);
    const [x, y] = [(width - scale * (left + right)) / 2, (height - scale * (top + bottom)) / 2];
    this.move(zoomIdentity.translate(x, y).scale(scale), isSmooth);
  }

  /** Zooms around the middle. */
  scaleBy(factor: number): void {
    if (still.matches) this.zoom.scaleBy(this.root, factor);
    else this.zoom.scaleBy(this.root.transition().duration(MOVE_MS), factor);
  }

  /** Gives the focus to the selected operator, or to the first one. */
  focus(): void {
    this.nodeOf(this.state.selected ?? 0)?.focus({ preventScroll: true });
  }

  get hasFocus(): boolean {
    return this.svg.contains(document.activeElement);
  }

  /** Shows the whole graph as a picture for paper, and returns how to go back. */
  asPicture(): () => void {
    const { left, top, right, bottom } = this.layout!.box;
    const { transform } = this;
    this.svg.setAttribute("viewBox", `${left} ${top} ${right - left} ${bottom - top}`);
    this.world.removeAttribute("transform");
    return () => {
      this.svg.removeAttribute("viewBox");
      this.apply(transform);
    };
  }

  private draw(): void {
    const edges = makeSvg("g", { class: "edges", "aria-hidden": "true" });
    for (const _ of this.scene.edges) {
      const path = makeSvg("path", { class: "edge" });
      this.paths.push(path);
      edges.append(path);
    }
    const nodes = makeSvg("g", { class: "nodes" });
    for (const node of this.scene.nodes) {
      const element = node.kind === "operator" ? this.operator(node) : this.terminal(node);
      this.nodes.push(element);
      nodes.append(element);
    }
    for (const { operator } of this.scene.chips) nodes.append(this.chip(operator));
    this.world.append(edges, nodes);
    this.paint();
    this.dim();
  }

  /** Returns the empty element of an operator, which can be chosen. */
  private choosable(operator: number, kind: string): SVGGElement {
    const known = this.answer.operators[operator]!;
    const element = makeSvg("g", {
      class: `node operator ${kind}`,
      "data-operator": operator,
      role: "button",
      tabindex: operator === 0 ? 0 : -1,
      "aria-label": spoken(known, this.answer),
      "aria-pressed": "false",
    });
    this.ofOperator.set(operator, element);
    return element;
  }

  private chip(operator: number): SVGGElement {
    const known = this.answer.operators[operator]!;
    const element = this.choosable(operator, "chip");
    element.append(
      titled(`${spoken(known, this.answer)}\n${known.output?.name ?? ""}`),
      makeSvg("rect", { class: "body", x: -5, y: -5, width: 10, height: 10, rx: 2 }),
    );
    return element;
  }

  private operator(node: SceneNode): SVGGElement {
    const known = this.answer.operators[node.index]!;
    const [left, top] = [-node.width / 2, -node.height / 2];
    const element = this.choosable(node.index, "box");
    const box = { x: left, y: top, height: node.height };
    const name = shorten(known.operator.type, TYPE_LETTERS);
    element.append(
      titled(`${spoken(known, this.answer)}\n${known.output?.name ?? ""}`),
      makeSvg("rect", { ...box, class: "body", width: node.width, rx: CORNER }),
      makeSvg("rect", { ...box, class: "mark", width: 7, rx: 3 }),
      makeSvg("rect", { ...box, class: "texture", width: 7, rx: 3 }),
      label("type", left + 16, -3, name, { "data-long": name.length > 13 }),
      label("short", left + 16, 9, shortType(known.operator.type)),
      label("shape", left + 16, 13, known.output === undefined ? "no output" : shorten(shape(known.output), 19)),
      label("index", node.width / 2 - 8, 13, String(node.index)),
    );
    if (culpritOf(known).length > 0)
      element.append(makeSvg("path", { class: "warning", d: triangle(node.width / 2 - 1, top + 1) }));
    return element;
  }

  private terminal(node: SceneNode): SVGGElement {
    const tensor = this.answer.subgraph.tensors[node.index]!;
    const element = makeSvg("g", { class: "node terminal" });
    const [left, top] = [-node.width / 2, -node.height / 2];
    element.append(
      titled(`${node.kind} ${tensor.name}, ${shape(tensor)} ${tensor.type}`),
      makeSvg("rect", { class: "body", x: left, y: top, width: node.width, height: node.height, rx: node.height / 2 }),
      label("shape", 0, 4, `${node.kind} ${shorten(shape(tensor), 16)}`, { "text-anchor": "middle" }),
    );
    return element;
  }

  private listen(): void {
    this.zoom
      .filter((event: Event) => this.mayMove(event))
      .clickDistance(5)
      .on("zoom", ({ transform }: D3ZoomEvent<SVGSVGElement, unknown>) => this.apply(transform));
    this.root.call(this.zoom).on("dblclick.zoom", null);
    this.svg.addEventListener("click", (event) => {
      const node = (event.target as Element).closest<SVGGElement>("[data-operator]");
      this.state.select(node === null ? null : Number(node.dataset.operator), "pointer");
      (node ?? this.svg).focus({ preventScroll: true });
    });
    this.element.addEventListener("wheel", (event) => this.adviseWheel(event), { passive: true });
    this.state.on(["colouring"], () => this.paint());
    this.state.on(["filter"], () => this.dim());
    this.state.on(["selection"], () => this.showSelection());
  }

  /** Lets the page scroll past the graph: the wheel zooms with Ctrl or once the graph was clicked, touch with two fingers. */
  private mayMove(event: Event): boolean {
    if (event instanceof WheelEvent) return event.ctrlKey || event.metaKey || this.hasFocus;
    if (event.type.startsWith("touch")) return (event as TouchEvent).touches.length > 1;
    return (event as MouseEvent).button === 0;
  }

  private adviseWheel(event: WheelEvent): void {
    const isAdvised = !event.ctrlKey && !event.metaKey && !this.hasFocus;
    this.hint.classList.toggle("shown", isAdvised);
    if (isAdvised) setTimeout(() => this.hint.classList.remove("shown"), 1400);
  }

  private apply(transform: ZoomTransform): void {
    this.transform = transform;
    this.world.setAttribute("transform", transform.toString());
    const { k } = transform;
    this.svg.dataset.scale = k < SHORT ? "far" : k < NAMED ? "short" : k < DETAILED ? "middle" : "near";
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.lookAround());
  }

  /** Tells which operators lie in the window. */
  private lookAround(): void {
    this.frame = 0;
    if (this.layout === undefined) return;
    const { width, height } = this.size;
    const { transform, layout } = this;
    const inside = (node: number): boolean => {
      const [x, y] = transform.apply([layout.centres[node]!.x, layout.centres[node]!.y]);
      return x >= 0 && x <= width && y >= 0 && y <= height;
    };
    this.state.see(this.scene.ofOperator.flatMap((node, operator) => (inside(node) ? [operator] : [])));
  }

  private paint(): void {
    const { colouring } = this.state;
    this.svg.dataset.colouring = colouring.name;
    this.answer.operators.forEach((known) => {
      const element = this.nodeOf(known.index)!;
      const group = colouring.groupOf(known);
      element.style.setProperty("--tone", group.colour);
      element.dataset.fill = group.fill;
    });
  }

  private dim(): void {
    this.svg.classList.toggle("filtered", this.state.isFiltered);
    this.answer.operators.forEach((known) =>
      this.nodeOf(known.index)!.classList.toggle("dim", !this.state.passes(known)),
    );
  }

  private showSelection(): void {
    const { selected, origin } = this.state;
    for (const element of this.svg.querySelectorAll(".selected, .touched, [aria-pressed=true]")) {
      element.classList.remove("selected", "touched");
      if (element.hasAttribute("aria-pressed")) element.setAttribute("aria-pressed", "false");
    }
    this.svg.classList.toggle("has-selection", selected !== null);
    if (selected === null) return;
    const node = this.scene.ofOperator[selected]!;
    const element = this.nodeOf(selected)!;
    element.classList.add("selected");
    element.setAttribute("aria-pressed", "true");
    this.scene.edges.forEach((edge, place) => {
      if (edge.from === node || edge.to === node) this.paths[place]!.classList.add("touched");
    });
    this.svg.querySelector(".operator[tabindex='0']")?.setAttribute("tabindex", "-1");
    element.setAttribute("tabindex", "0");
    if (origin === "keyboard") element.focus({ preventScroll: true });
    if (origin !== "pointer") this.bringIntoView(node, origin === "elsewhere");
  }

  /** Moves the graph so that a node is well inside the window; `reading` also makes it large enough to read. */
  private bringIntoView(node: number, reading: boolean): void {
    if (this.layout === undefined) return;
    const { width, height } = this.size;
    const { x, y } = this.layout.centres[node]!;
    const [left, top] = this.transform.apply([x, y]);
    const isNear = left > 90 && left < width - 90 && top > 40 && top < height - 40;
    const isLegible = !reading || this.transform.k >= DETAILED;
    if (isNear && isLegible) return;
    const scale = isLegible ? this.transform.k : READING;
    this.move(
      zoomIdentity
        .translate(width / 2, height / 2)
        .scale(scale)
        .translate(-x, -y),
      true,
    );
  }

  private move(target: ZoomTransform, isSmooth: boolean): void {
    if (isSmooth && !still.matches) this.root.transition().duration(MOVE_MS).call(this.zoom.transform, target);
    else this.root.interrupt().call(this.zoom.transform, target);
  }

  private nodeOf(operator: number): SVGGElement | undefined {
    return this.ofOperator.get(operator);
  }
}

function label(
  kind: string,
  x: number,
  y: number,
  text: string,
  more: Record<string, string | boolean> = {},
): SVGTextElement {
  const element = makeSvg("text", { class: kind, x, y, ...more });
  element.textContent = text;
  return element;
}

/** Returns a type in a few letters, for a graph seen from far. */
function shortType(type: string): string {
  const words = type
    .replace(/_[123]D$/, "")
    .replace("DEPTHWISE_", "DW ")
    .replace("FULLY_CONNECTED", "FC")
    .replace("CONCATENATION", "CONCAT")
    .replace(/^(RESIZE|STRIDED)_.*/, "$1")
    .replace("AVERAGE_", "AVG ");
  return words.length <= SHORT_LETTERS ? words : `${words.slice(0, SHORT_LETTERS - 1)}…`;
}

function titled(text: string): SVGTitleElement {
  const element = makeSvg("title");
  element.textContent = text.trim();
  return element;
}

/** Returns a warning sign whose upper right corner is at a point. */
function triangle(right: number, top: number): string {
  return `M${right - 9},${top - 8}l9,16h-18z`;
}

/** Returns the textures that tell units apart without colour: stripes and dots in the colour of the surface. */
function patterns(): SVGDefsElement {
  const hatched = makeSvg("pattern", {
    id: "hatched",
    width: 6,
    height: 6,
    patternUnits: "userSpaceOnUse",
    patternTransform: "rotate(45)",
  });
  hatched.append(makeSvg("rect", { width: 2.2, height: 6, class: "pattern" }));
  const dotted = makeSvg("pattern", { id: "dotted", width: 6, height: 6, patternUnits: "userSpaceOnUse" });
  dotted.append(makeSvg("circle", { cx: 3, cy: 3, r: 1.3, class: "pattern" }));
  const found = makeSvg("defs");
  found.append(hatched, dotted);
  return found;
}

function pathOf({ points, isTurn }: Line): string {
  if (isTurn) return `M${points.map(({ x, y }) => `${round(x)},${round(y)}`).join("L")}`;
  return flowing([...points]) ?? "";
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
