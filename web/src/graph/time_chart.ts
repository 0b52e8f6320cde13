/** The time of each operator as bars: where it runs, and as an outline what the CPU would take. */

import { type Answer, type Known, UNIT_WORDS } from "./answer";
import { button, make, makeSvg } from "./dom";
import { milliseconds } from "./words";

const SHORT = 12;

interface Row {
  readonly ms: number;
  readonly cpuMs: number | undefined;
  readonly kind: "npu" | "cpu" | "overhead";
  readonly known: Known | undefined;
  readonly name: string;
}

type Choose = (operator: number) => void;

/** Returns the chart, null if no times are known. */
export function timeChart(answer: Answer, choose: Choose): HTMLElement | null {
  const rows = rowsOf(answer);
  if (rows.length === 0) return null;
  const longest = Math.max(...rows.map((row) => Math.max(row.ms, row.cpuMs ?? 0)));
  const list = make("ul", { class: "time-rows" });
  let isShort = rows.length > SHORT;
  let byTime = true;

  const show = (): void => {
    const sorted = byTime ? [...rows].sort((a, b) => b.ms - a.ms) : rows;
    list.replaceChildren(...sorted.slice(0, isShort ? SHORT : rows.length).map((row) => item(row, longest, choose)));
    order.textContent = byTime ? "In order of execution" : "Longest first";
    length.textContent = isShort ? `Show all ${rows.length}` : "Show the first ones";
    length.hidden = rows.length <= SHORT;
  };
  const order = button("", () => ((byTime = !byTime), show()));
  const length = button("", () => ((isShort = !isShort), show()));
  show();
  return make(
    "div",
    { class: "chart" },
    make(
      "div",
      { class: "chart-head" },
      make("h3", {}, "Predicted time of each operator"),
      key(rows),
      make("div", { class: "screen-only" }, order, " ", length),
    ),
    list,
  );
}

function rowsOf({ operators, view, subgraphIndex }: Answer): Row[] {
  const rows: Row[] = [];
  const entered = new Set<number>();
  for (const known of operators) {
    const { placed } = known;
    const call = known.partition;
    if (call !== undefined && !entered.has(call.index)) {
      entered.add(call.index);
      const ms = (call.call_ms ?? 0) + (call.copy_ms ?? 0);
      if (ms > 0)
        rows.push({
          ms,
          cpuMs: undefined,
          kind: "overhead",
          known: undefined,
          name: `call ${call.index}: start and copies`,
        });
    }
    if (placed.ms === undefined || placed.unit === "unknown") continue;
    rows.push({
      ms: placed.ms,
      cpuMs: placed.unit === "npu" ? placed.cpu_ms : undefined,
      kind: placed.unit,
      known,
      name: known.operator.type,
    });
  }
  return view.partitions.some((partition) => partition.subgraph === subgraphIndex) || rows.some((row) => row.ms > 0)
    ? rows
    : [];
}

function item(row: Row, longest: number, choose: Choose): HTMLElement {
  const svg = makeSvg("svg", { "aria-hidden": "true" });
  const width = (ms: number): string => `${((100 * ms) / longest).toFixed(2)}%`;
  if (row.cpuMs !== undefined)
    svg.append(makeSvg("rect", { class: "bar-ghost", x: 0, y: 1, height: 13, width: width(row.cpuMs) }));
  svg.append(makeSvg("rect", { class: `bar-fill ${row.kind}`, x: 0, y: 3, height: 9, width: width(row.ms) }));
  const unit = row.kind === "overhead" ? "overhead" : UNIT_WORDS[row.kind];
  return make(
    "li",
    {
      title: `${row.name}: ${milliseconds(row.ms)}, ${unit}${row.cpuMs === undefined ? "" : `; on the CPU ${milliseconds(row.cpuMs)}`}`,
    },
    name(row, choose),
    svg,
    make("span", { class: "value" }, milliseconds(row.ms)),
  );
}

function name({ known, name }: Row, choose: Choose): HTMLElement {
  if (known === undefined) return make("span", { class: "overhead-name" }, name);
  const entry = button("", () => choose(known.index), { class: "match" });
  entry.append(make("span", { class: "number muted" }, String(known.index)), make("span", {}, name));
  return entry;
}

function key(rows: readonly Row[]): HTMLElement {
  const words = [
    ["npu", "NPU", "var(--npu)", ""],
    ["cpu", "CPU", "var(--cpu)", ""],
    ["overhead", "calls and copies", "var(--overhead)", ""],
  ] as const;
  const entries = words
    .filter(([kind]) => rows.some((row) => row.kind === kind))
    .map(([, label, tone, kind]) => entry(label, tone, kind));
  if (rows.some((row) => row.cpuMs !== undefined))
    entries.push(entry("the same operator on the CPU", "var(--cpu)", "outline"));
  return make("div", { class: "chart-key" }, ...entries);
}

function entry(label: string, tone: string, kind: string): HTMLElement {
  const element = make("span", { class: kind }, label);
  element.style.setProperty("--tone", tone);
  return element;
}
