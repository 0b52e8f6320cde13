/** Numbers and shapes in words, as the rest of npufit writes them. */

import type { Tensor } from "./payload";

/** Returns a positive number with `digits` significant digits, and never fewer than those before the point. */
export function significant(value: number, digits = 2): string {
  if (value === 0) return "0";
  if (value < 10 ** -digits) return Number(value.toPrecision(1)).toString();
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(Number(value.toPrecision(digits)))));
  return value.toFixed(places);
}

export function milliseconds(ms: number): string {
  return `${significant(ms)} ms`;
}

/** Returns a number with a decimal prefix and a space, ready for a unit: `301 M`. */
export function quantity(value: number): string {
  for (const [factor, prefix] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (value >= factor) return `${Number((value / factor).toPrecision(3))} ${prefix}`;
  }
  return `${Number(value.toPrecision(3))} `;
}

export function bytes(count: number): string {
  return `${quantity(count)}B`;
}

export function percent(share: number): string {
  if (share > 0 && share < 0.0005) return "< 0.1 %";
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Returns the shape of the file, such as `1×56×56×24`. */
export function shape({ shape }: Tensor): string {
  if (shape === null) return "shape unknown";
  return shape.length === 0 ? "scalar" : shape.join("×");
}

/** Returns the sizes that are known only at run time as `?`, such as `?×640`; empty without. */
export function dynamicShape({ signature }: Tensor): string {
  return signature === null ? "" : signature.map((size) => (size < 0 ? "?" : size)).join("×");
}

/** Returns text of at most `most` letters; the end of a name tells more than its beginning. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const head = Math.floor((most - 1) / 3);
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`;
}
