// The points as a table of numbers, for the keyboard and for exact values.

import { button, element } from "../dom.ts";

export interface PointsTable {
  root: HTMLElement;
  show(x: readonly number[], y: readonly number[]): void;
}

export function pointsTable(entered: (x: number[], y: number[]) => void): PointsTable {
  const body = element("tbody");
  let [x, y]: number[][] = [[], []];
  const cell = (values: number[], k: number, axis: string): HTMLTableCellElement => {
    const input = element("input", { type: "number", step: "any", "aria-label": `${axis} of point ${k + 1}` });
    input.value = String(values[k]);
    input.addEventListener("change", () => {
      if (!Number.isFinite(input.valueAsNumber)) return void (input.value = String(values[k]));
      values[k] = input.valueAsNumber;
      entered(x.slice(), y.slice());
    });
    return element("td", {}, input);
  };
  const show = (): void => {
    body.replaceChildren(
      ...x.map((_, k) => {
        const remove = button("×", () => {
          if (x.length <= 2) return;
          entered(x.toSpliced(k, 1), y.toSpliced(k, 1));
        }, { "aria-label": `delete point ${k + 1}` });
        return element("tr", {}, cell(x, k, "x"), cell(y, k, "y"), element("td", {}, remove));
      }),
    );
  };
  const head = element("thead", {}, element("tr", {}, ...["x", "y", ""].map((name) => name ? element("th", { scope: "col" }, name) : element("td"))));
  const root = element("details", { class: "points" }, element("summary", {}, "Points as numbers"), element("table", {}, head, body));
  return {
    root,
    show(newX, newY) {
      [x, y] = [[...newX], [...newY]];
      if (root.contains(document.activeElement)) {
        // What has the focus keeps it.
        const inputs = [...body.querySelectorAll("input")];
        const at = inputs.indexOf(document.activeElement as HTMLInputElement);
        show();
        body.querySelectorAll("input")[at]?.focus();
      } else show();
    },
  };
}
