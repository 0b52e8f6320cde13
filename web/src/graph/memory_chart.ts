/** Activations alive while each operator runs, with all operators on the CPU. */

import type { Answer } from "./answer";
import { make, makeSvg } from "./dom";
import { bytes } from "./words";

const HEIGHT = 100;

/** Returns the chart, null without operators or sizes. */
export function memoryChart(answer: Answer, choose: (operator: number) => void): HTMLElement | null {
  const live = answer.operators.map(({ operator }) => operator.live_bytes);
  const peak = Math.max(0, ...live);
  if (peak === 0) return null;
  const at = live.indexOf(peak);
  const y = (value: number): number => HEIGHT - (HEIGHT * value) / peak;
  const steps = live
    .map((value, index) => `L${index},${y(value).toFixed(2)}L${index + 1},${y(value).toFixed(2)}`)
    .join("");
  const svg = makeSvg("svg", {
    viewBox: `0 0 ${live.length} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": `Live activations over ${live.length} operators; the peak is ${bytes(peak)} at operator ${at}`,
  });
  const cursor = makeSvg("line", { class: "cursor", y1: 0, y2: HEIGHT, visibility: "hidden" });
  svg.append(
    makeSvg("path", { class: "area", d: `M0,${HEIGHT}${steps}L${live.length},${HEIGHT}Z` }),
    makeSvg("line", { class: "peak", x1: at + 0.5, x2: at + 0.5, y1: 0, y2: HEIGHT }),
    cursor,
  );
  const peakWords = `peak ${bytes(peak)} at operator ${at}, ${answer.operators[at]!.operator.type}`;
  const words = make("output", { class: "muted" }, peakWords);
  const operatorAt = (event: MouseEvent): number => {
    const { left, width } = svg.getBoundingClientRect();
    return Math.max(0, Math.min(live.length - 1, Math.floor(((event.clientX - left) / width) * live.length)));
  };
  svg.addEventListener("pointermove", (event) => {
    const operator = operatorAt(event);
    cursor.setAttribute("x1", String(operator + 0.5));
    cursor.setAttribute("x2", String(operator + 0.5));
    cursor.setAttribute("visibility", "visible");
    words.textContent = `${bytes(live[operator]!)} at operator ${operator}, ${answer.operators[operator]!.operator.type}`;
  });
  svg.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    words.textContent = peakWords;
  });
  svg.addEventListener("click", (event) => choose(operatorAt(event)));
  return make(
    "div",
    { class: "chart" },
    make("div", { class: "chart-head" }, make("h3", {}, "Live activations, as the CPU would hold them"), words),
    make(
      "div",
      { class: "memory-chart" },
      make("span", { class: "axis top" }, bytes(peak)),
      make("span", { class: "axis bottom" }, "0"),
      svg,
      make("span", { class: "axis first" }, "operator 0"),
      make("span", { class: "axis last" }, String(live.length - 1)),
    ),
  );
}
