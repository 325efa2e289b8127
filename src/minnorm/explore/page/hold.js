// A pointer that is put down on a point of a plot holds it, however long it rests before it moves: Bokeh's own drag is
// lost to a long press. With the plot in focus, arrow keys move the point that was touched last.
// Plots say that their points can be held by the tag "hold", and which those are by the renderer's name "points".
const REACH = { mouse: 11, pen: 15, touch: 26 }; // pixels from a point's centre

function hold(plot) {
  const view = Bokeh.index.find_one(plot), el = view.canvas_view.el;
  const { glyph, data_source: source } = plot.renderers.find((renderer) => renderer.name === "points");
  const [xs, ys] = [glyph.x.field, glyph.y.field];
  const { x_scale: across, y_scale: up } = view.frame;
  let held = null;

  const near = (event) => {
    const box = el.getBoundingClientRect(), place = [event.clientX - box.left, event.clientY - box.top];
    let best = null, least = REACH[event.pointerType ?? "touch"] ?? REACH.touch;
    Array.from(source.data[xs]).forEach((x, i) => {
      const offset = [across.compute(x) - place[0], up.compute(source.data[ys][i]) - place[1]];
      const distance = Math.hypot(...offset);
      if (distance <= least) { best = { i, offset }; least = distance; }
    });
    return best;
  };
  const put = (i, x, y) => {
    source.data[xs][i] = x;
    source.data[ys][i] = y;
    source.change.emit();
  };
  const leave = () => source.setv({ data: source.data }, { check_eq: false }); // the server hears of it
  const editable = () => { // columns that the server sent may be views of its message
    for (const name of [xs, ys]) if (!Array.isArray(source.data[name])) source.data[name] = Array.from(source.data[name]);
  };

  el.tabIndex = 0;
  el.setAttribute("role", "application");
  el.setAttribute("aria-label", "Plot of points: arrow keys move the selected one, Page Up and Page Down select");
  el.addEventListener("pointerdown", (event) => {
    const found = event.button === 0 && event.isPrimary ? near(event) : null;
    if (!found) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    editable();
    held = { ...found, pointer: event.pointerId, moved: false };
    try { el.setPointerCapture(event.pointerId); } catch { /* a pointer that a program made */ }
    source.selected.indices = [found.i];
    el.focus({ preventScroll: true });
  }, { capture: true });
  el.addEventListener("touchstart", (event) => { // else a browser scrolls instead
    if (event.touches.length === 1 && near(event.touches[0])) event.preventDefault();
  }, { capture: true, passive: false });
  el.addEventListener("pointermove", (event) => {
    if (held?.pointer !== event.pointerId) return;
    event.stopImmediatePropagation();
    const box = el.getBoundingClientRect();
    held.moved = true;
    put(held.i, across.invert(event.clientX - box.left + held.offset[0]), up.invert(event.clientY - box.top + held.offset[1]));
  }, { capture: true });
  for (const kind of ["pointerup", "pointercancel"]) {
    el.addEventListener(kind, (event) => {
      if (held?.pointer !== event.pointerId) return;
      event.stopImmediatePropagation();
      if (held.moved) leave();
      held = null;
    }, { capture: true });
  }
  el.addEventListener("keydown", (event) => {
    const count = source.data[xs].length, step = event.shiftKey ? 0.001 : 0.01;
    const turn = { PageUp: -1, PageDown: 1 }[event.key];
    const away = event.key === "Delete" || event.key === "Backspace";
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!count || (!turn && !move && !away)) return;
    event.preventDefault();
    const last = source.selected.indices[0];
    if (turn) source.selected.indices = [((last ?? (turn > 0 ? -1 : 0)) + turn + count) % count];
    else if (last === undefined) source.selected.indices = away ? [] : [0];
    else if (away) {
      source.selected.indices = []; // so that nobody deletes it twice
      source.data = Object.fromEntries(Object.entries(source.data).map(([name, column]) =>
        [name, Array.from(column).filter((_, i) => i !== last)]));
      source.change.emit();
    }
    else {
      editable();
      const { x_range: wide, y_range: high } = plot;
      put(last, source.data[xs][last] + move[0] * step * (wide.end - wide.start),
        source.data[ys][last] + move[1] * step * (high.end - high.start));
      leave();
    }
  });
}

// Every plot has a name for those who do not see it; what keys do nothing in is no stop of the Tab key.
function name(document) {
  for (const root of document.roots()) for (const plot of root.references()) {
    const layer = plot.type === "Figure" ? Bokeh.index.find_one(plot)?.canvas_view?.events_el : null;
    if (!layer || layer.hasAttribute("aria-label")) continue;
    const text = (axis) => plot[axis]?.[0]?.axis_label ?? "";
    const label = (part) => {
      for (const one of part.querySelectorAll("*")) {
        if (one.shadowRoot) label(one.shadowRoot);
        if (one.tabIndex !== 0 || !one.title) continue;
        one.setAttribute("role", "button");
        one.setAttribute("aria-label", one.title);
      }
    };
    label(Bokeh.index.find_one(plot).el.shadowRoot); // the buttons of its tools
    layer.tabIndex = -1;
    layer.setAttribute("role", plot.toolbar_location ? "group" : "img");
    const axes = [text("left") || text("right"), text("below")].filter(Boolean).join(" against ");
    layer.setAttribute("aria-label", `Plot: ${plot.title?.text?.trim() || axes || "colours of values"}`);
  }
}

waitForButtons();
(function wait() {
  const [document] = globalThis.Bokeh?.documents ?? [];
  if (!document?.is_idle) { setTimeout(wait, 50); return; }
  lighten();
  for (const root of document.roots()) {
    for (const model of root.references()) if (model.tags?.includes("hold")) hold(model);
  }
  name(document);
  setInterval(name, 500, document); // there are new ones when a drawer opens, or a network is shown
})();
