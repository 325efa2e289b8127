// The page: one view at a time, chosen by the address; theme, presenter mode, story and QR code around it.

import { button, element } from "./dom.ts";
import { certificate, solve } from "./solver/solve.ts";
import { Race } from "./train/race.ts";
import { place } from "./state.ts";
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

const main = document.getElementById("main") as HTMLElement;
const message = document.getElementById("message") as HTMLElement;
const nav = document.querySelector("nav") as HTMLElement;
let current: View | null = null;
let written = "";

function open(): void {
  const { view, query } = place(location.hash);
  const [name, title, make] = VIEWS.find(([known]) => known === view) ?? VIEWS[0];
  current?.close();
  message.textContent = "";
  const common = [...query].filter(([key]) => key === "present" || key === "theme").map(([key, value]) => `${key}=${value}`);
  const say = (text: string): void => void (message.textContent = text);
  const save = (parts: readonly string[]): void => {
    const all = [...parts, ...common];
    written = `#${name}${all.length ? "?" : ""}${all.join("&")}`;
    history.replaceState(null, "", written);
  };
  current = make({ query, say, save });
  main.replaceChildren(current.root);
  main.setAttribute("aria-label", title);
  document.title = `${title} · minnorm`;
  nav.replaceChildren(
    ...VIEWS.map(([key, text]) =>
      element("a", { href: `#${key}${common.length ? "?" : ""}${common.join("&")}`, ...(key === name ? { "aria-current": "page" } : {}) }, text),
    ),
  );
  const theme = query.get("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
}

addEventListener("hashchange", () => {
  if (location.hash !== written) open();
});
document.getElementById("tools")?.append(
  button("Theme", () => {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
    document.documentElement.dataset["theme"] = dark ? "light" : "dark";
  }),
);
open();

// For the console of the browser, and for tests.
Object.assign(globalThis, { minnorm: { solve, certificate, Race } });
