/** The colours and fonts of charts: those of the page, light or dark. */

import type { Config } from "vega-lite";

/** Specifications have light colours, as pictures in documents do. On a dark page these take their place. */
const DARK: Record<string, string> = {
  "#16191d": "#e9ebee",
  "#59616c": "#a0a8b3",
  "#0f6fb0": "#4da9e6",
  "#c97a00": "#f0ab3d",
  "#7d8590": "#8f98a4",
  "#b8123f": "#ff6f93",
  "#1c7a46": "#58c98a",
  "#8a5fb0": "#c09be0",
  "#eceef0": "#272c33",
  "#fde7ed": "#401622",
  "#ffffff": "#1a1d22",
  "#0072b2": "#4da9e6",
  "#d55e00": "#ff8a4c",
  "#009e73": "#34c79b",
  "#332288": "#9d8cf0",
};

/** Returns a specification in the colours of the page. */
export function inTheme<T>(spec: T): T {
  if (!isDark()) return structuredClone(spec);
  return JSON.parse(JSON.stringify(spec), (_key, value: unknown) =>
    typeof value === "string" ? (DARK[value] ?? value) : value,
  ) as T;
}

/** Returns whether a chart of so many pixels has room for little more than its marks. */
export function isNarrow(width: number): boolean {
  return width < 640;
}

/** Returns what charts of so many pixels share: fonts and the colours of axes, titles and legends. */
export function chartConfig(width: number): Config {
  const ink = color("--ink");
  const muted = color("--muted");
  const line = color("--line");
  const font = getComputedStyle(document.body).fontFamily;
  return {
    font,
    background: "transparent",
    view: { stroke: line },
    axis: { labelColor: muted, titleColor: ink, gridColor: line, domainColor: line, tickColor: line, ...AXIS },
    axisY: { labelLimit: isNarrow(width) ? 104 : 260 },
    legend: { labelColor: ink, titleColor: muted, ...LEGEND, columns: width < 480 ? 1 : isNarrow(width) ? 2 : 6, labelLimit: isNarrow(width) ? 240 : 420 },
    title: { color: ink, subtitleColor: muted, fontSize: 14, fontWeight: 600, anchor: "start" },
    header: { labelColor: ink, titleColor: muted, labelFontSize: 13 },
    text: { color: ink },
  };
}

const AXIS = { labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500, titlePadding: 10 } as const;
const LEGEND = { orient: "top", labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500, offset: 12 } as const;

/** Calls `listener` when the page changes between light and dark, or its width changes. */
export function onTheme(listener: () => void): void {
  new MutationObserver(listener).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener);
  matchMedia("(max-width: 720px)").addEventListener("change", listener);
}

function isDark(): boolean {
  const theme = document.documentElement.dataset.theme;
  return theme === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
}

/** Returns the value of a colour of the style sheet. */
function color(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
