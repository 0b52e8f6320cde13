/** Ways to colour operators. Each sorts them into groups, and groups are the entries of the legend and of the filter. */

import { type Answer, type Known, culpritOf } from "./answer";
import type { Look } from "./payload";
import { milliseconds, plural, quantity } from "./words";

export interface Group {
  readonly key: string;
  readonly label: string;
  /** a colour of CSS */
  readonly colour: string;
  /** how the area is filled, so that no group is told by its colour alone */
  readonly fill: "solid" | "hatched" | "dotted" | "plain";
}

export interface Colouring {
  readonly name: string;
  readonly label: string;
  /** sentence above the legend */
  readonly about: string;
  /** why it cannot be chosen; empty if it can */
  readonly unavailable: string;
  readonly groups: readonly Group[];
  groupOf(known: Known): Group;
}

const PALETTE = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"].map((name) => `var(${name})`);
const NONE = { colour: "var(--unknown)", fill: "plain" } as const;

const UNITS: Record<Known["placed"]["unit"], Group> = {
  npu: { key: "npu", label: "NPU", colour: "var(--npu)", fill: "solid" },
  cpu: { key: "cpu", label: "CPU", colour: "var(--cpu)", fill: "hatched" },
  unknown: { key: "unknown", label: "unknown", colour: "var(--unknown)", fill: "dotted" },
};

/** Returns all colourings of an answer; the first one is the default. */
export function colouringsOf(answer: Answer): Colouring[] {
  const added = byVerb(answer);
  const always = [byType(answer), byCost(answer)];
  if (!answer.view.has_placement) return [...added, ...always];
  return [byUnit(answer), ...added, byCall(answer), byRule(answer), byHazard(answer), ...always];
}

const LOOKS: Record<Look, Pick<Group, "colour" | "fill">> = {
  calm: { colour: "var(--npu)", fill: "solid" },
  fresh: { colour: "var(--c3)", fill: "solid" },
  warm: { colour: "var(--cpu)", fill: "hatched" },
  alarm: { colour: "var(--hazard)", fill: "solid" },
  none: NONE,
};

/** Returns the colouring that the verb adds, if it does. */
function byVerb({ view }: Answer): Colouring[] {
  if (view.colouring === undefined) return [];
  const { label, about, groups } = view.colouring;
  const all = groups.map((group, place): Group => ({ key: String(place), label: group.label, ...LOOKS[group.look] }));
  return [{ name: "verb", label, about, unavailable: "", groups: all, groupOf: (known) => all[known.group ?? 0]! }];
}

function byUnit({ operators }: Answer): Colouring {
  const groups = Object.values(UNITS).filter((group) => operators.some((known) => known.placed.unit === group.key));
  return {
    name: "unit",
    label: "Unit",
    about: "Where each operator runs",
    unavailable: "",
    groups,
    groupOf: (known) => UNITS[known.placed.unit],
  };
}

/** Returns a colouring whose groups come from a key of each operator; the largest groups get colours of their own. */
function keyed(
  { operators }: Answer,
  words: { name: string; label: string; about: string; none: string; empty: string },
  keyOf: (known: Known) => string | undefined,
  labelOf: (key: string) => string = (key) => key,
  sort = true,
): Colouring {
  const counts = new Map<string, number>();
  for (const known of operators) {
    const key = keyOf(known);
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const keys = [...counts.keys()];
  if (sort) keys.sort((a, b) => counts.get(b)! - counts.get(a)!);
  const groups = keys.map((key, place): Group => {
    const isOwn = place < PALETTE.length || !sort;
    return {
      key,
      label: labelOf(key),
      colour: isOwn ? PALETTE[place % PALETTE.length]! : "var(--faint)",
      fill: isOwn ? "solid" : "dotted",
    };
  });
  const none: Group = { key: "", label: words.none, ...NONE };
  const byKey = new Map(groups.map((group) => [group.key, group]));
  const hasNone = operators.some((known) => keyOf(known) === undefined);
  return {
    ...words,
    unavailable: groups.length === 0 ? words.empty : "",
    groups: hasNone ? [...groups, none] : groups,
    groupOf: (known) => byKey.get(keyOf(known) ?? "") ?? none,
  };
}

function byCall(answer: Answer): Colouring {
  const words = {
    name: "call",
    label: "Call",
    about: "Operators that one call of the NPU executes",
    none: "outside",
    empty: "No call of the NPU is known",
  };
  const keyOf = ({ placed }: Known): string | undefined =>
    placed.partition === undefined ? undefined : String(placed.partition);
  return keyed(answer, words, keyOf, (key) => `call ${key}`, false);
}

function byRule(answer: Answer): Colouring {
  const words = {
    name: "rule",
    label: "Reason",
    about: "Why operators are not on the NPU",
    none: "on the NPU, or no reason given",
    empty: "Nothing is kept off the NPU",
  };
  return keyed(answer, words, (known) => known.finding?.rule);
}

function byHazard(answer: Answer): Colouring {
  const words = {
    name: "hazard",
    label: "Hazard",
    about: "Accepted operators whose answer may be wrong or missing",
    none: "no known hazard",
    empty: "No hazard is known",
  };
  return keyed(answer, words, (known) => culpritOf(known)[0]?.rule);
}

function byType(answer: Answer): Colouring {
  const words = { name: "type", label: "Type", about: "Types of operators", none: "", empty: "" };
  return keyed(answer, words, (known) => known.operator.type);
}

/** Bounds between the steps, as shares of the costliest operator. */
const STEPS = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2] as const;

/** Returns the colouring by share of the costliest operator: predicted time, or multiply-accumulates without times. */
function byCost({ operators, totalMs }: Answer): Colouring {
  const isTime = totalMs > 0;
  const cost = ({ operator, placed }: Known): number | undefined => (isTime ? placed.ms : (operator.macs ?? undefined));
  const most = Math.max(0, ...operators.map((known) => cost(known) ?? 0));
  const words = (value: number): string => (isTime ? milliseconds(value) : `${quantity(value)}MACs`);
  const bounds = [0, ...STEPS.map((step) => step * most)];
  const steps = bounds.map((low, place): Group => {
    const high = bounds[place + 1];
    const label = high === undefined ? `over ${words(low)}` : `up to ${words(high)}`;
    return {
      key: String(place),
      label,
      colour: `color-mix(in oklab, var(--cost) ${8 + 18 * place}%, var(--cost-low))`,
      fill: "solid",
    };
  });
  const none: Group = { key: "", label: isTime ? "no time of its own" : "unknown", ...NONE, fill: "dotted" };
  const groupOf = (known: Known): Group => {
    const value = cost(known);
    if (value === undefined) return none;
    return steps[bounds.findLastIndex((low) => value >= low)] ?? none;
  };
  const used = new Set(operators.map((known) => groupOf(known).key));
  return {
    name: "cost",
    label: isTime ? "Time" : "MACs",
    about: isTime
      ? `Predicted time of ${plural(operators.length, "operator")}`
      : "Multiply-accumulates; times of this target cannot be predicted",
    unavailable: most > 0 ? "" : "Neither times nor multiply-accumulates are known",
    groups: [...steps, none].filter((group) => used.has(group.key)),
    groupOf,
  };
}
