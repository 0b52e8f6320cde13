/** The bundle `graph`: draws the payload `graph` into `#viewer`. */

import { onView, chooseView } from "../shell/views";
import { readPayload } from "../shell/payload";
import { type Answer, answerOf } from "./answer";
import { make } from "./dom";
import { linkTo, readLink } from "./links";
import { memoryChart } from "./memory_chart";
import type { GraphPayload } from "./payload";
import { timeChart } from "./time_chart";
import { Viewer } from "./viewer";
import { plural } from "./words";

const READY = "npufit:ready";

class Page {
  private view = 0;
  private subgraph = 0;
  private viewer: Viewer | undefined;

  constructor(
    private readonly payload: GraphPayload,
    private readonly home: HTMLElement,
  ) {
    const place = readLink(location.hash);
    this.show(place?.view ?? 0, place?.subgraph ?? 0);
    this.follow();
    onView((view) => this.show(view, this.subgraph, this.viewer?.state.selected ?? null));
    addEventListener("hashchange", () => this.follow());
    this.printWhole();
  }

  private show(view: number, subgraph: number, selected: number | null = null): void {
    const entry = this.payload.views[view] ?? this.payload.views[0]!;
    this.view = this.payload.views.indexOf(entry);
    const { subgraphs } = this.payload.networks[entry.network]!;
    this.subgraph = subgraph < subgraphs.length ? subgraph : 0;
    const answer = answerOf(this.payload, this.view, this.subgraph);
    const first = entry.colouring?.is_first ? "verb" : "unit";
    const colouring = this.viewer?.state.colouring.name ?? first;
    this.viewer?.remove();
    this.viewer = undefined;
    if (answer.operators.length === 0) {
      this.home.replaceChildren(
        this.subgraphSwitch(),
        make("p", { class: "muted" }, "This subgraph has no operators."),
      );
      return;
    }
    const viewer = new Viewer(answer, { openSubgraph: (index) => this.show(this.view, index) }, colouring);
    this.viewer = viewer;
    this.home.replaceChildren(this.subgraphSwitch(), viewer.element);
    viewer.place();
    this.drawCharts(answer);
    viewer.state.on(["selection"], () => this.remember());
    if (selected !== null && selected < answer.operators.length) viewer.state.select(selected, "elsewhere");
  }

  /** Draws the charts of the view into the places that its sections keep for them. */
  private drawCharts(answer: Answer): void {
    const choose = (operator: number): void => {
      this.viewer?.state.select(operator, "elsewhere");
      this.viewer?.element.scrollIntoView({ block: "nearest" });
    };
    const charts = { times: timeChart(answer, choose), memory: memoryChart(answer, choose) };
    for (const [name, chart] of Object.entries(charts)) {
      for (const place of document.querySelectorAll(`[data-view="${this.view}"] [data-chart="${name}"]`)) {
        place.replaceChildren(...(chart === null ? [] : [chart]));
      }
    }
  }

  private subgraphSwitch(): Node {
    const { subgraphs } = this.payload.networks[this.payload.views[this.view]!.network]!;
    if (subgraphs.length < 2) return document.createDocumentFragment();
    const options = subgraphs.map((entry, index) => {
      const option = make(
        "option",
        { value: index },
        `${index} ${entry.name || (index === 0 ? "main" : "")}: ${plural(entry.operators.length, "operator")}`,
      );
      option.selected = index === this.subgraph;
      return option;
    });
    const choice = make("select", {}, ...options);
    choice.addEventListener("change", () => this.show(this.view, Number(choice.value)));
    return make("label", { class: "subgraphs" }, "Subgraph ", choice);
  }

  /** Shows the operator that the address names. */
  private follow(): void {
    const place = readLink(location.hash);
    if (place === null) return;
    const view = place.view ?? this.view;
    if (view !== this.view && view < this.payload.views.length) chooseView(view);
    if (place.subgraph !== this.subgraph) this.show(this.view, place.subgraph);
    const { viewer } = this;
    if (viewer === undefined || this.subgraph !== place.subgraph || viewer.state.selected === place.operator) return;
    viewer.state.select(place.operator, "elsewhere");
    viewer.element.scrollIntoView({ block: "nearest" });
  }

  /** Puts the chosen operator into the address, so that it can be sent. */
  private remember(): void {
    const operator = this.viewer?.state.selected ?? null;
    const hash = operator === null ? "#graph" : linkTo({ view: this.view, subgraph: this.subgraph, operator });
    if (hash !== location.hash) history.replaceState(null, "", hash);
  }

  private printWhole(): void {
    let restore = (): void => undefined;
    addEventListener("beforeprint", () => {
      restore = this.viewer?.canvas.asPicture() ?? restore;
    });
    addEventListener("afterprint", () => restore());
  }
}

const payload = readPayload<GraphPayload>("graph");
const home = document.getElementById("viewer");
if (payload !== null && home !== null && payload.views.length > 0) {
  new Page(payload, home);
  requestAnimationFrame(() => performance.measure(READY));
}
