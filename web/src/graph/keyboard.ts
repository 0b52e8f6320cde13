/** Keys that walk along the graph: left and right in execution order, up and down along edges. */

import type { Answer } from "./answer";
import type { Canvas } from "./canvas";
import type { Search } from "./search";
import type { State } from "./state";

type Step = (current: number, answer: Answer) => number | undefined;

const STEPS: Record<string, Step> = {
  ArrowRight: (current, { operators }) => Math.min(current + 1, operators.length - 1),
  ArrowLeft: (current) => Math.max(current - 1, 0),
  ArrowDown: (current, { operators, readers }) =>
    operators[current]!.operator.outputs.flatMap((tensor) => readers.get(tensor) ?? [])[0],
  ArrowUp: (current, { operators, writer }) =>
    operators[current]!.operator.inputs.flatMap((tensor) => writer.get(tensor) ?? [])[0],
  Home: () => 0,
  End: (_, { operators }) => operators.length - 1,
};

/** Listens to keys inside `element`. */
export function listenToKeys(element: HTMLElement, answer: Answer, state: State, canvas: Canvas, search: Search): void {
  const actions: Record<string, () => void> = {
    "+": () => canvas.scaleBy(1.4),
    "=": () => canvas.scaleBy(1.4),
    "-": () => canvas.scaleBy(1 / 1.4),
    "0": () => canvas.fit(),
    "/": () => search.focus(),
    Escape: () => state.select(null, "keyboard"),
  };
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
    const step = STEPS[event.key];
    if (step !== undefined && canvas.hasFocus) {
      const next = state.selected === null ? 0 : step(state.selected, answer);
      if (next !== undefined) state.select(next, "keyboard");
    } else if (event.key === "Enter" && canvas.hasFocus) {
      const focused = (document.activeElement as SVGElement | null)?.dataset.operator;
      if (focused !== undefined) state.select(Number(focused), "keyboard");
    } else if (actions[event.key] !== undefined) {
      actions[event.key]!();
    } else {
      return;
    }
    event.preventDefault();
  });
}
