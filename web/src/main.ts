// The page: one view at a time, chosen by the address; theme, presenter mode, story and QR code around it.

import { button, element } from "./dom.ts";
import { qrButton } from "./share.ts";
import { certificate, solve } from "./solver/solve.ts";
import { place } from "./state.ts";
import { STEPS } from "./steps.ts";
import { story } from "./story.ts";
import { Race } from "./train/race.ts";
import { openBump } from "./views/bump.ts";
import { openLine } from "./views/line.ts";
import { openRace } from "./views/race.ts";
import { openRegions } from "./views/regions.ts";
import type { Open, View } from "./views/view.ts";

const VIEWS: readonly (readonly [string, string, Open])[] = [
  ["line", "Line", openLine],
  ["race", "Race", openRace],
  ["bump", "Bump", openBump],
  ["regions", "Regions", openRegions],
];

const found = <T extends HTMLElement>(selector: string): T => document.querySelector(selector) as T;
const [root, main, message, nav, tools] = [document.documentElement, "main", "#message", "nav", "#tools"].map((one) =>
  typeof one === "string" ? found(one) : one,
);

/** What is said of the page around the view, in the address too. */
const around: { present: boolean; theme: string; step: number | null } = { present: false, theme: "", step: null };
let current: View | null = null;
let name = "line";
let query: readonly string[] = [];
let written = "";
let waiting: ReturnType<typeof setTimeout> | undefined;

function hash(view: string, parts: readonly string[], step = around.step): string {
  const all = [...parts];
  if (around.theme) all.push(`theme=${around.theme}`);
  if (around.present) all.push("present=yes");
  if (step !== null) all.push(`step=${step}`);
  return `#${view}${all.length ? "?" : ""}${all.join("&")}`;
}

/** The address is that of what is shown. */
function save(): void {
  written = hash(name, query);
  clearTimeout(waiting);
  try {
    history.replaceState(null, "", written);
  } catch {
    waiting = setTimeout(save, 1000); // some browsers take a hundred changes in half a minute
  }
  for (const link of nav.querySelectorAll("a")) link.setAttribute("href", hash(link.dataset["view"] ?? "", [], null));
}

function dress(): void {
  root.classList.toggle("present", around.present);
  if (around.theme) root.dataset["theme"] = around.theme;
  present.setAttribute("aria-pressed", String(around.present));
}

function open(): void {
  const asked = place(location.hash);
  const [view, title, make] = VIEWS.find(([known]) => known === asked.view) ?? VIEWS[0];
  current?.close();
  message.textContent = "";
  name = view;
  query = [];
  const theme = asked.query.get("theme");
  if (theme === "light" || theme === "dark") around.theme = theme;
  around.present = asked.query.get("present") === "yes";
  const step = Number(asked.query.get("step"));
  const before = around.step;
  around.step = Number.isInteger(step) && step >= 1 && step <= STEPS.length ? step : null;
  dress();
  nav.replaceChildren(
    ...VIEWS.map(([key, text]) =>
      element("a", { href: `#${key}`, "data-view": key, ...(key === name ? { "aria-current": "page" } : {}) }, text),
    ),
  );
  current = make({
    query: asked.query,
    say: (text) => void (message.textContent = text),
    save: (parts) => {
      query = parts;
      save();
    },
  });
  save();
  main.replaceChildren(current.root);
  main.setAttribute("aria-label", title);
  document.title = `${title} · minnorm`;
  if (around.step !== before) lecture.show(around.step);
  begin.hidden = around.step !== null;
}

function go(to: string, step: number | null): void {
  const { view, query: asked } = place(to);
  const parts = [...asked].filter(([key]) => !["theme", "present", "step"].includes(key)).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  const next = hash(view, parts, step);
  if (next !== location.hash) location.hash = next;
}

const lecture = story(found("#story"), go);

const present = button("Present", () => {
  around.present = !around.present;
  dress();
  save();
}, { title: "Large type, no code" });
const begin = button("Story", () => go(STEPS[0].at, 1), { title: "Eight questions, in the views" });
const theme = button("Theme", () => {
  around.theme = getComputedStyle(root).colorScheme === "dark" ? "light" : "dark";
  dress();
  save();
}, { title: "Light or dark" });
const qr = qrButton();
tools.append(begin, present, theme, ...(qr ? [qr] : []));
found("#skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash is the state
  main.focus();
});
addEventListener("hashchange", () => {
  if (location.hash !== written) open();
});
open();

// For the console of the browser, and for tests.
Object.assign(globalThis, { minnorm: { solve, certificate, Race, STEPS } });
