// The state in the address bar. What was changed is one entry of the history when the pointer is up and all is quiet, so
// that Back, the buttons and Ctrl+Z undo whole gestures; what the entry held goes back to the server.
const QUIET = 300; // milliseconds

export function render({ model }) {
  let timer = 0, last = 0, down = false, gesture = false;
  const step = () => history.state?.step ?? 0;
  const buttons = { undo: document.getElementById("undo"), redo: document.getElementById("redo") };
  const offer = () => {
    buttons.undo.disabled = step() === 0 && !timer;
    buttons.redo.disabled = step() >= last || Boolean(timer);
  };
  const place = (method, number) => {
    const { query, search } = model.told;
    history[method]({ step: number, query }, "", search ? "?" + search : location.pathname);
    last = method === "pushState" ? number : Math.max(last, number);
  };
  const commit = () => {
    clearTimeout(timer);
    timer = 0;
    if (changed()) gesture ? place("pushState", step() + 1) : place("replaceState", step());
    gesture = false;
    offer();
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => (down ? wait() : commit()), QUIET);
    offer();
  };
  const asked = () => model.wanted.count || 0;
  const changed = () => model.told.query !== history.state?.query;
  const hear = () => {
    if (model.restored < asked() || !changed()) return;
    gesture ||= model.told.gesture; // else it is what a view does by itself, once it has read a study for example
    wait();
  };

  // Until something changes, the address is as it was typed, with what is wrong in it.
  history.replaceState({ step: step(), query: model.told.query }, "");
  last = step();
  model.on("told", hear);
  model.on("restored", hear);
  addEventListener("popstate", ({ state }) => {
    if (state?.query === undefined) return; // an anchor
    model.wanted = { query: state.query, count: asked() + 1 };
    offer();
  });

  const undo = () => { if (timer) commit(); if (step() > 0) history.back(); };
  const redo = () => { if (!timer && step() < last) history.forward(); };
  buttons.undo.addEventListener("click", undo);
  buttons.redo.addEventListener("click", redo);

  const options = { capture: true };
  addEventListener("pointerdown", () => { down = true; }, options);
  for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, () => { down = false; }, options);
  // In a field that is being typed into, Ctrl+Z is the field's own.
  let typing = null;
  addEventListener("input", (event) => { typing = event.composedPath()[0]; }, options);
  addEventListener("focusout", () => { typing = null; }, options);
  addEventListener("keydown", (event) => {
    const field = event.composedPath()[0];
    if (event.key === "Enter") typing = null;
    const key = event.key.toLowerCase(), again = key === "y" || (key === "z" && event.shiftKey);
    if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== "z" && key !== "y")) return;
    if (typing === field && ["number", "text"].includes(field.type)) return;
    event.preventDefault();
    again ? redo() : undo();
  }, options);

  const message = () => { document.getElementById("message").textContent = model.message; };
  model.on("message", message);
  message();
  offer();
}
