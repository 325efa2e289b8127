// The function between regions in colour: one scale from the least to the largest label, and what is beyond in another hue.

import { drawn, element } from "../dom.ts";
import { type Between, type Drawing, unpacked } from "../tables.ts";

export interface Painting {
  root: HTMLElement;
  show(drawing: Drawing, between: Between, unit: number): void;
  resized(redraw: () => void): void;
  close(): void;
}

type Colour = readonly [number, number, number];

const FINE = 220; // pixels a side
const BEYOND = 0.01; // of the labels' range: more outside of it has the other hue

export function painting(): Painting {
  const canvas = element("canvas", { width: String(FINE), height: String(FINE), "aria-hidden": "true" });
  const outlines = drawn("svg", { viewBox: "-1 -1 2 2", role: "img" });
  const legend = element("div", { class: "legend" });
  const caption = element("figcaption");
  const root = element("figure", { class: "plot painting" }, legend, element("div", { class: "stack" }, canvas, outlines), caption);
  caption.textContent = "Outlined: the regions with their labels. Between them the function is the network's. Orange: above the largest label or below the least, by more than the allowed error.";
  let redraw = (): void => {};
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const changed = (): void => redraw();
  scheme.addEventListener("change", changed);
  const watch = new MutationObserver(changed);
  watch.observe(document.documentElement, { attributeFilter: ["data-theme"] });

  return {
    root,
    show(drawing, between, unit) {
      const labels = drawing.parts.map((part) => part.label);
      const [low, high] = [Math.min(...labels), Math.max(...labels)];
      paint(canvas, drawing, between, unit, low, high);
      outline(outlines, drawing);
      explain(legend, low, high);
    },
    resized: (act) => void (redraw = act),
    close() {
      scheme.removeEventListener("change", changed);
      watch.disconnect();
    },
  };
}

/** The scale's ends and what is beyond, from the style sheet. */
function colours(): { least: Colour; most: Colour; beyond: Colour } {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): Colour => {
    const text = style.getPropertyValue(name).trim();
    return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)) as unknown as Colour;
  };
  return { least: of("--surface"), most: of("--function"), beyond: of("--other") };
}

function paint(canvas: HTMLCanvasElement, drawing: Drawing, between: Between, unit: number, low: number, high: number): void {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  const { least, most, beyond } = colours();
  const values = evaluated(between, unit, drawing.view);
  const image = pen.createImageData(FINE, FINE);
  const past = BEYOND * (high - low) + between.within;
  values.forEach((value, k) => {
    const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
    const out = Math.max(0, value - high - past, low - past - value) / (high - low);
    const tint = out > 0 ? Math.min(1, 0.5 + out) : 0;
    for (let c = 0; c < 3; c++) {
      const inside = least[c] + share * (most[c] - least[c]);
      image.data[4 * k + c] = inside + tint * (beyond[c] - inside);
    }
    image.data[4 * k + 3] = 255;
  });
  pen.putImageData(image, 0, 0);
}

function evaluated(between: Between, unit: number, view: number): Float32Array {
  const numbers = unpacked(between.neurons);
  const values = new Float32Array(FINE * FINE).fill(between.offset);
  const at = (k: number): number => (view * (2 * k + 1 - FINE)) / FINE;
  for (let k = 0; k < numbers.length; k += 3) {
    const [turn, shift, mass] = between.scales.map((scale, j) => (numbers[k + j] / unit) * scale);
    const [c, s] = [Math.cos(Math.PI * turn), Math.sin(Math.PI * turn)];
    for (let row = 0; row < FINE; row++) {
      const base = shift - s * at(row); // rows go down
      for (let column = 0; column < FINE; column++) {
        const inner = base + c * at(column);
        if (inner > 0) values[row * FINE + column] += mass * inner;
      }
    }
  }
  return values;
}

function outline(svg: SVGSVGElement, drawing: Drawing): void {
  const { view, parts } = drawing;
  svg.setAttribute("viewBox", `${-view} ${-view} ${2 * view} ${2 * view}`);
  svg.setAttribute("aria-label", `${drawing.name}. ${drawing.says}`);
  svg.replaceChildren();
  for (const part of parts) {
    const text = drawn("text", { "font-size": 0.09 * view, "text-anchor": "middle" });
    text.textContent = String(part.label);
    let [x, y] = [0, 0];
    if (part.kind === "polygon") {
      svg.append(drawn("polygon", { points: part.corners.map(([a, b]) => `${a},${-b}`).join(" ") }));
      [x, y] = [0, Math.min(...part.corners.map(([, b]) => b)) + 0.3];
    } else {
      [x, y] = part.center;
      const radii = part.kind === "disc" ? [part.radius] : [part.inner, part.outer];
      for (const r of radii) svg.append(drawn("circle", { cx: x, cy: -y, r }));
      if (part.kind === "ring") y += (part.inner + part.outer) / 2;
    }
    text.setAttribute("x", String(x));
    text.setAttribute("y", String(-y + 0.03 * view));
    svg.append(text);
  }
}

function explain(legend: HTMLElement, low: number, high: number): void {
  const bar = element("i", { class: "scale" });
  const past = element("i", { class: "beyond" });
  legend.replaceChildren(element("span", {}, String(low), bar, String(high)), element("span", {}, past, "beyond the labels"));
}
