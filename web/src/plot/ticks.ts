// Where axes are marked.

import type { Span } from "./plot.ts";

export function ticks(span: Span, many: number): number[] {
  const rough = (span.high - span.low) / Math.max(1, many);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 5].find((one) => one * unit >= rough) ?? 10);
  const found: number[] = [];
  for (let k = Math.ceil(span.low / step); k * step <= span.high * (1 + 1e-12) + 1e-300; k++) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}

/** Powers of ten, and 2 and 5 of them where there are few. */
export function logTicks(span: Span, many: number): number[] {
  const [low, high] = [Math.ceil(Math.log10(span.low) - 1e-9), Math.floor(Math.log10(span.high) + 1e-9)];
  const each = Math.max(1, Math.ceil((high - low + 1) / many));
  const found: number[] = [];
  for (let k = low - 1; k <= high; k++) {
    if (k >= low && (k - low) % each === 0) found.push(Number(`1e${k}`));
    if (high - low < 2) for (const part of [2, 5]) found.push(Number(`${part}e${k}`));
  }
  return found.filter((value) => value >= span.low * (1 - 1e-9) && value <= span.high * (1 + 1e-9));
}

export function tickText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e4 || (size > 0 && size < 1e-3)) return value.toExponential(0).replace("e+", "e").replace("-", "−");
  return String(value).replace("-", "−");
}
