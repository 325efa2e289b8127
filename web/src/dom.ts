// Elements, and the form's parts: every control has a label.

type Child = Node | string;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function drawn<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number> = {},
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

export function button(text: string, act: () => void, attributes: Record<string, string> = {}): HTMLButtonElement {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", act);
  return made;
}

let count = 0;

/** A labelled control; `title` is its help. */
export function field(label: string, control: HTMLElement, help = ""): HTMLDivElement {
  control.id ||= `field-${++count}`;
  const made = element("div", { class: "field" }, element("label", { for: control.id }, label), control);
  if (help) made.title = help;
  return made;
}

/** A form that sends nothing, with its heading. */
export function panel(title: string, ...parts: Child[]): HTMLFormElement {
  const made = element("form", { class: "controls", autocomplete: "off" }, element("h2", {}, title), ...parts);
  made.addEventListener("submit", (event) => event.preventDefault());
  return made;
}

export function choice<T extends string>(options: readonly (readonly [T, string])[], value: T, act: (value: T) => void): HTMLSelectElement {
  const made = element("select", {}, ...options.map(([key, text]) => element("option", { value: key }, text)));
  made.value = value;
  made.addEventListener("change", () => act(made.value as T));
  return made;
}

export function number(value: number, act: (value: number) => void, attributes: Record<string, string> = {}): HTMLInputElement {
  const made = element("input", { type: "number", step: "any", ...attributes });
  made.value = String(value);
  made.addEventListener("change", () => {
    if (made.value !== "" && made.validity.valid && Number.isFinite(made.valueAsNumber)) act(made.valueAsNumber);
    else made.reportValidity();
  });
  return made;
}

export interface Slider {
  root: HTMLDivElement;
  set(position: number): void;
}

/** A slider over whole positions, whose text says what the position means. */
export function slider(
  label: string,
  last: number,
  position: number,
  text: (position: number) => string,
  act: (position: number) => void,
  help = "",
): Slider {
  const input = element("input", { type: "range", min: "0", max: String(last), step: "1" });
  const shown = element("output", {});
  const root = field(label, input, help);
  root.classList.add("sliding");
  shown.setAttribute("for", input.id);
  root.append(shown);
  const set = (to: number): void => {
    input.value = String(to);
    shown.textContent = text(to);
    input.setAttribute("aria-valuetext", text(to));
  };
  set(position);
  input.addEventListener("input", () => {
    set(input.valueAsNumber);
    act(input.valueAsNumber);
  });
  return { root, set };
}

/** Names and numbers, `steady` in columns; `note` is a sentence below. */
export function readout(steady = false): { root: HTMLDivElement; show(rows: readonly (readonly [string, string])[], note?: string): void } {
  const list = element("dl");
  const said = element("p", { class: "note" });
  const root = element("div", { class: steady ? "readout steady" : "readout" }, list, said);
  return {
    root,
    show(rows, note = "") {
      list.replaceChildren(...rows.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
      said.textContent = note;
    },
  };
}

/** A number as it is read: at most so many digits, no trailing zeros. */
export function shown(value: number, digits = 6): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(Math.min(digits, 4) - 1).replace("e+", "e");
  return String(Number(value.toPrecision(digits)));
}

/** The Python that finds what is shown. */
export function code(): { root: HTMLElement; show(text: string): void } {
  const text = element("code");
  const pre = element("pre", { tabindex: "0", "aria-label": "Python" }, text);
  const root = element("details", { class: "code" }, element("summary", {}, "The same in Python, with its proof"), pre);
  return { root, show: (said) => void (text.textContent = said) };
}
