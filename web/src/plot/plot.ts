// A plot in SVG: scales, axes, and what is drawn between them. It is as wide as its place, and redrawn when that changes.

import { drawn, element } from "../dom.ts";
import { logTicks, tickText, ticks } from "./ticks.ts";

export interface Span {
  low: number;
  high: number;
}

interface Options {
  /** What a screen reader says instead of the picture. */
  label: string;
  /** Pixels, from the width. */
  height: (width: number) => number;
  x?: { log?: boolean; label?: string };
  y?: { log?: boolean; label?: string };
}

export type Point = readonly [number, number];

const LEFT = 58;
const RIGHT = 14;
const TOP = 10;
const BELOW = 40; // with a label; without one less
let clips = 0;

export class Plot {
  readonly root: HTMLElement;
  readonly svg: SVGSVGElement;
  /** Said below the plot. */
  readonly caption = element("figcaption");
  readonly legend = element("div", { class: "legend" });
  x: Span = { low: 0, high: 1 };
  y: Span = { low: 0, high: 1 };
  private width = 600;
  private height = 300;
  private drawnLarge = 1;
  private readonly axes = drawn("g", { class: "axes" });
  readonly marks = drawn("g");
  readonly top = drawn("g");
  private readonly clip = drawn("rect");
  private onResize: () => void = () => {};

  constructor(private readonly options: Options) {
    this.svg = drawn("svg", { role: "group", "aria-label": options.label });
    const id = `clip-${++clips}`;
    const path = drawn("clipPath", { id });
    path.append(this.clip);
    this.marks.setAttribute("clip-path", `url(#${id})`);
    this.axes.setAttribute("aria-hidden", "true");
    this.marks.setAttribute("aria-hidden", "true");
    this.svg.append(path, this.axes, this.marks, this.top);
    this.root = element("figure", { class: "plot" }, this.svg, this.legend, this.caption);
    new ResizeObserver(() => {
      const width = Math.max(220, Math.floor(this.root.clientWidth));
      const height = Math.round(this.options.height(width));
      if (width === this.width && height === this.height && this.large === this.drawnLarge) return;
      [this.width, this.height, this.drawnLarge] = [width, height, this.large];
      this.onResize();
    }).observe(this.root);
  }

  /** How much larger the type is than usual: for presenters. */
  private get large(): number {
    return document.documentElement.classList.contains("present") ? 1.4 : 1;
  }

  /** `redraw` begins with `begin`. */
  resized(redraw: () => void): void {
    this.onResize = redraw;
  }

  get box(): { left: number; right: number; top: number; bottom: number } {
    const below = this.options.x?.label ? BELOW : BELOW - 16;
    return { left: LEFT * this.large, right: this.width - RIGHT, top: TOP, bottom: this.height - below * this.large };
  }

  private at(value: number, span: Span, low: number, high: number, log: boolean): number {
    const share = log
      ? Math.log(value / span.low) / Math.log(span.high / span.low)
      : (value - span.low) / (span.high - span.low);
    return low + share * (high - low);
  }

  px(x: number): number {
    return this.at(x, this.x, this.box.left, this.box.right, this.options.x?.log ?? false);
  }

  py(y: number): number {
    return this.at(y, this.y, this.box.bottom, this.box.top, this.options.y?.log ?? false);
  }

  /** What lies at a place of the window. */
  under(event: { clientX: number; clientY: number }): Point {
    const frame = this.svg.getBoundingClientRect();
    const { left, right, top, bottom } = this.box;
    const across = (event.clientX - frame.left - left) / (right - left);
    const up = (bottom - (event.clientY - frame.top)) / (bottom - top);
    return [this.x.low + across * (this.x.high - this.x.low), this.y.low + up * (this.y.high - this.y.low)];
  }

  /** Empty, with axes. */
  begin(): void {
    const { left, right, top, bottom } = this.box;
    this.svg.setAttribute("width", String(this.width));
    this.svg.setAttribute("height", String(this.height));
    for (const [name, value] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top })) {
      this.clip.setAttribute(name, String(value));
    }
    this.marks.replaceChildren();
    this.axes.replaceChildren();
    const many = Math.max(3, Math.floor((right - left) / 90));
    const across = this.options.x?.log ? logTicks(this.x, many) : ticks(this.x, many);
    const tall = Math.max(3, Math.floor((bottom - top) / 55));
    const upwards = this.options.y?.log ? logTicks(this.y, tall) : ticks(this.y, tall);
    for (const value of across) {
      const at = this.px(value);
      this.axes.append(drawn("line", { x1: at, x2: at, y1: top, y2: bottom, class: "grid" }));
      this.write(tickText(value), at, bottom + 17 * this.large, "middle");
    }
    for (const value of upwards) {
      const at = this.py(value);
      this.axes.append(drawn("line", { x1: left, x2: right, y1: at, y2: at, class: "grid" }));
      this.write(tickText(value), left - 7, at + 4, "end");
    }
    this.axes.append(drawn("path", { d: `M${left},${top}V${bottom}H${right}`, class: "axis" }));
    if (this.options.x?.label) this.write(this.options.x.label, (left + right) / 2, this.height - 6, "middle");
    if (this.options.y?.label) {
      const text = this.write(this.options.y.label, 0, 0, "middle");
      text.setAttribute("transform", `translate(${13 * this.large},${(top + bottom) / 2}) rotate(-90)`);
    }
  }

  private write(text: string, x: number, y: number, anchor: string): SVGTextElement {
    const made = drawn("text", { x, y, "text-anchor": anchor });
    made.textContent = text;
    this.axes.append(made);
    return made;
  }

  private path(points: readonly Point[]): string {
    let pen = "M";
    const parts: string[] = [];
    for (const [x, y] of points) {
      const [a, b] = [this.px(x), this.py(y)];
      if (!Number.isFinite(a) || !Number.isFinite(b)) {
        pen = "M";
        continue;
      }
      parts.push(`${pen}${a.toFixed(1)},${Math.max(-1e4, Math.min(1e4, b)).toFixed(1)}`);
      pen = "L";
    }
    return parts.join("");
  }

  line(points: readonly Point[], look: string): void {
    this.marks.append(drawn("path", { d: this.path(points), class: `line ${look}` }));
  }

  /** The area between two curves: points are (x, low, high). */
  area(points: readonly (readonly [number, number, number])[], look: string): void {
    const there = points.map(([x, low]): Point => [x, low]);
    const back = points.map(([x, , high]): Point => [x, high]).reverse();
    this.marks.append(drawn("path", { d: `${this.path([...there, ...back])}Z`, class: look }));
  }

  dots(points: readonly Point[], look: string, size = 4): void {
    for (const [x, y] of points) this.marks.append(drawn("circle", { cx: this.px(x), cy: this.py(y), r: size, class: look }));
  }

  squares(points: readonly Point[], look: string, size = 4): void {
    for (const [x, y] of points) {
      const [left, top] = [this.px(x) - size, this.py(y) - size];
      this.marks.append(drawn("rect", { x: left, y: top, width: 2 * size, height: 2 * size, class: look }));
    }
  }

  level(y: number, look: string): void {
    const at = this.py(y);
    this.marks.append(drawn("line", { x1: this.box.left, x2: this.box.right, y1: at, y2: at, class: `line ${look}` }));
  }

  upright(x: number, look: string): void {
    const at = this.px(x);
    this.marks.append(drawn("line", { x1: at, x2: at, y1: this.box.top, y2: this.box.bottom, class: `line ${look}` }));
  }

  /** Names of what is drawn; those without anything drawn are left out by the caller. */
  explain(entries: readonly (readonly [string, string])[]): void {
    this.legend.replaceChildren(
      ...entries.map(([look, text]) => {
        const key = drawn("svg", { width: 26, height: 12, "aria-hidden": "true" });
        if (look.includes("dot")) key.append(drawn("circle", { cx: 13, cy: 6, r: 4, class: look }));
        else if (look.includes("square")) key.append(drawn("rect", { x: 9, y: 2, width: 8, height: 8, class: look }));
        else if (look.includes("area")) key.append(drawn("rect", { x: 2, y: 1, width: 22, height: 10, class: look }));
        else key.append(drawn("path", { d: "M1,6H25", class: `line ${look}` }));
        return element("span", {}, key, text);
      }),
    );
  }
}
