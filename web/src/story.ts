// A lecture of eight steps over the views: a question to predict, what is so, and the next one.

import { button, element } from "./dom.ts";
import { STEPS } from "./steps.ts";

export interface Story {
  /** Show step n, counted from 1; null: no story. */
  show(step: number | null): void;
}

/** In `root`; `go` opens a view by its hash, with the step in it. */
export function story(root: HTMLElement, go: (hash: string, step: number | null) => void): Story {
  const asking = (hidden: string): void => void (document.documentElement.dataset["asking"] = hidden);
  const show = (number: number | null): void => {
    asking("");
    if (number === null) return root.replaceChildren();
    const step = STEPS[number - 1];
    asking(step.hides ?? "");
    const said = element("p", { class: "reveal", "aria-live": "polite" });
    const options = step.options.map((text, k) => {
      const input = element("input", { type: "radio", name: "guess", value: String(k) });
      return element("label", {}, input, text);
    });
    const reveal = button("Reveal", () => {
      said.textContent = step.reveal;
      options.forEach((option, k) => option.classList.toggle("right", k === step.answer));
      options[step.answer].append(element("b", {}, " ✓"));
      const guess = options.findIndex((option) => option.querySelector("input")?.checked);
      if (guess >= 0 && guess !== step.answer) options[guess].append(element("b", {}, " ✗"));
      asking("");
      reveal.disabled = true;
      if (step.after) go(step.after, number);
    }, { class: "primary" });
    const move = (by: number): void => {
      const next = number + by;
      go(STEPS[next - 1].at, next);
    };
    const back = button("Back", () => move(-1));
    const next = button(number < STEPS.length ? "Next" : "End", () => {
      if (number < STEPS.length) move(1);
      else go(location.hash, null);
    });
    back.disabled = number === 1;
    const legend = element("legend", {}, step.question);
    root.replaceChildren(
      element(
        "section",
        { class: "card", "aria-label": `Step ${number} of ${STEPS.length}` },
        element("p", { class: "count" }, `${number} / ${STEPS.length} · ${step.title}`),
        element("fieldset", {}, legend, ...options),
        said,
        element("div", { class: "actions" }, reveal, back, next, button("Leave", () => go(location.hash, null))),
      ),
    );
  };
  return { show };
}
