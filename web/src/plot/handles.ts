// Points that are dragged with a pointer or moved with arrow keys; a tap between them adds one.

import { drawn } from "../dom.ts";
import type { Plot, Point } from "./plot.ts";

export interface Handles {
  /** Put the circles where the points are. */
  show(points: readonly Point[]): void;
  readonly selected: number;
  select(index: number): void;
}

interface Acts {
  /** A gesture begins: what it changes is undone in one go. */
  begin(): void;
  move(index: number, to: Point, done: boolean): void;
  add(at: Point): void;
  remove(index: number): void;
  selected(): void;
}

const REACH = 22; // pixels: half of what a finger needs
const STILL = 8; // pixels: a tap moves no further
const STEPS: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export function handles(plot: Plot, acts: Acts): Handles {
  const layer = plot.top;
  let chosen = -1;
  let dragged: { index: number; pointer: number; shift: Point } | null = null;
  let pressed: { x: number; y: number; pointer: number } | null = null;
  let shown: readonly Point[] = [];

  const select = (index: number): void => {
    chosen = index;
    layer.querySelectorAll("g").forEach((one, k) => one.classList.toggle("selected", k === index));
    acts.selected();
  };

  /** Within what is visible. */
  const inside = ([x, y]: Point): Point => [
    Math.min(Math.max(x, plot.x.low), plot.x.high),
    Math.min(Math.max(y, plot.y.low), plot.y.high),
  ];

  const made = (index: number): SVGGElement => {
    const group = drawn("g", { class: "handle", tabindex: 0, role: "button" });
    group.append(drawn("circle", { r: REACH, class: "reach" }), drawn("circle", { r: 6, class: "point" }));
    group.addEventListener("focus", () => select(index));
    group.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || dragged) return;
      event.preventDefault();
      event.stopPropagation();
      group.setPointerCapture(event.pointerId);
      group.focus({ preventScroll: true });
      const [x, y] = plot.under(event);
      dragged = { index, pointer: event.pointerId, shift: [shown[index][0] - x, shown[index][1] - y] };
      acts.begin();
      group.classList.add("dragged");
    });
    // A finger on a point moves the point, not the page; `touch-action` alone does not say so inside an SVG.
    group.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    const follow = (event: PointerEvent, done: boolean): void => {
      if (!dragged || dragged.pointer !== event.pointerId) return;
      const [x, y] = plot.under(event);
      const to = event.type === "pointercancel" ? shown[dragged.index] : inside([x + dragged.shift[0], y + dragged.shift[1]]);
      const { index: moved } = dragged;
      if (done) dragged = null;
      acts.move(moved, to, done);
      if (done) group.classList.remove("dragged");
    };
    group.addEventListener("pointermove", (event) => follow(event, false));
    group.addEventListener("pointerup", (event) => follow(event, true));
    group.addEventListener("pointercancel", (event) => follow(event, true));
    group.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (step) {
        event.preventDefault();
        const part = event.shiftKey ? 0.05 : 0.01;
        const [width, height] = [plot.x.high - plot.x.low, plot.y.high - plot.y.low];
        if (!event.repeat) acts.begin();
        const [x, y] = shown[index];
        acts.move(index, inside([x + step[0] * part * width, y + step[1] * part * height]), true);
      } else if (event.key === "Delete" || event.key === "Backspace") {
        event.preventDefault();
        acts.remove(index);
      }
    });
    return group;
  };

  plot.svg.addEventListener("pointerdown", (event) => {
    if (event.button === 0) pressed = { x: event.clientX, y: event.clientY, pointer: event.pointerId };
  });
  plot.svg.addEventListener("pointercancel", () => (pressed = null));
  plot.svg.addEventListener("pointerup", (event) => {
    const from = pressed;
    pressed = null;
    if (!from || from.pointer !== event.pointerId || Math.hypot(event.clientX - from.x, event.clientY - from.y) > STILL) return;
    const [x, y] = plot.under(event);
    const visible = x > plot.x.low && x < plot.x.high && y > plot.y.low && y < plot.y.high;
    if (visible) acts.add([x, y]);
  });

  return {
    get selected() {
      return chosen;
    },
    select(index) {
      select(index);
      layer.querySelectorAll<SVGGElement>("g")[index]?.focus({ preventScroll: true });
    },
    show(points) {
      shown = points;
      while (layer.children.length < points.length) layer.append(made(layer.children.length));
      while (layer.children.length > points.length) layer.lastElementChild?.remove();
      points.forEach(([x, y], k) => {
        const group = layer.children[k];
        group.setAttribute("transform", `translate(${plot.px(x).toFixed(2)},${plot.py(y).toFixed(2)})`);
        const where = `x = ${Number(x.toPrecision(3))}, y = ${Number(y.toPrecision(3))}`;
        group.setAttribute("aria-label", `point ${k + 1} of ${points.length}: ${where}; arrow keys move it, Delete removes it`);
      });
      if (chosen >= points.length) chosen = -1;
    },
  };
}
