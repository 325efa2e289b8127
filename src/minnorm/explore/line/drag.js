// Sends the points while they are dragged: one request at a time, the next one as soon as an answer is here.
// `performance.getEntriesByName("answer")` has what each took, from the request until it was answered and drawn.
const state = (globalThis.minnormDrag ??= { number: 0, waiting: false, sent: "" });

function ask() {
  const x = Array.from(points.data.x), y = Array.from(points.data.y);
  const content = JSON.stringify([x, y]);
  if (content === state.sent) return;
  if (state.number !== answered.data.number[0]) { state.waiting = true; return; }
  state.sent = content;
  state.number += 1;
  state.asked = performance.now();
  request.data = { x: [x], y: [y], number: [state.number] };
}

function hear() {
  const start = state.asked; // that of this answer: the next request may be on its way when it is drawn
  requestAnimationFrame(() => performance.measure("answer", { start }));
  if (state.waiting) { state.waiting = false; ask(); }
}
