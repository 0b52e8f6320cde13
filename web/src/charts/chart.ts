/** One chart: a Vega-Lite specification that Python made, drawn as SVG. Nothing in it is evaluated as code. */

import { parse, View, type Loader } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile, type TopLevelSpec } from "vega-lite";

import { chartConfig, inTheme, isNarrow } from "./theme";
import { showTooltip } from "./tooltip";

/** A chart of the payload. Its container has the id `chart-ID`. */
export interface Chart {
  id: string;
  spec: TopLevelSpec;
}

const views = new Map<string, View>();

/** Draws a chart in its container, in place of what is there, with the colours of the page's theme. */
export async function drawChart(chart: Chart): Promise<void> {
  const container = document.getElementById(`chart-${chart.id}`);
  if (container === null || container.clientWidth === 0) return; // on a view that is hidden now
  views.get(chart.id)?.finalize();
  const width = container.clientWidth;
  const { spec } = compile(inTheme(isNarrow(width) ? withoutLabels(chart.spec) : chart.spec), { config: chartConfig(width) });
  const view = new View(parse(spec, undefined, { ast: true }), {
    expr: expressionInterpreter,
    renderer: "svg",
    loader: nothing,
    container,
    hover: true,
    tooltip: showTooltip,
  });
  views.set(chart.id, view);
  await view.runAsync();
}

/** Returns a specification without text at its marks, for which a narrow chart has no room; tooltips and tables say it. */
function withoutLabels(spec: TopLevelSpec): TopLevelSpec {
  if (!("layer" in spec)) return spec;
  return { ...spec, layer: spec.layer.filter((layer) => !("mark" in layer) || typeof layer.mark !== "object" || layer.mark.type !== "text") };
}

/** A page loads nothing. */
const nothing = {
  load: () => Promise.reject(new Error("a page loads nothing")),
  sanitize: () => Promise.reject(new Error("a page links to nothing")),
} as unknown as Loader;
