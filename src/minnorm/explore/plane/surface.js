// A surface over a grid, painted from the far corner to the near one; a drag or the arrow keys turn it.
const HEIGHT = 0.55; // of half the base's side
const LIGHT = [-0.45, -0.35, 0.82];

const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export function render({ model }) {
  const canvas = document.createElement("canvas");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", "Surface of the function: arrow keys or a drag turn it");
  canvas.style.touchAction = "pan-y";
  let turn = model.turn, tilt = model.tilt, waiting = 0;

  const paint = () => {
    waiting = 0;
    const { x, y, z, low, step, points } = model.heights, { shades, ink, soft, faint } = model.look;
    const wide = canvas.clientWidth;
    if (!x || !wide) return;
    const high = Math.round(Math.min(canvas.getRootNode().host?.clientHeight || 560, 0.9 * wide)), dense = globalThis.devicePixelRatio || 1;
    canvas.style.height = `${high}px`;
    canvas.width = Math.round(wide * dense);
    canvas.height = Math.round(high * dense);
    const pen = canvas.getContext("2d");
    pen.scale(dense, dense);
    pen.lineJoin = "round";

    const flat = z.flat(), [least, most] = [Math.min(...flat), Math.max(...flat)];
    const along = (values, value) => 2 * (value - values[0]) / (values.at(-1) - values[0]) - 1;
    const upward = (value) => most > least ? HEIGHT * (2 * (value - least) / (most - least) - 1) : 0;
    const [a, e] = [turn * Math.PI / 180, tilt * Math.PI / 180];
    const [sinA, cosA, sinE, cosE] = [Math.sin(a), Math.cos(a), Math.sin(e), Math.cos(e)];
    const size = Math.min(wide / 3.0, high / (2 * (1.45 * sinE + HEIGHT * cosE) + 0.3));
    const project = (u, v, w) => {
      const across = u * cosA - v * sinA, away = u * sinA + v * cosA;
      return [wide / 2 + size * across, high / 2 - size * (away * sinE + w * cosE)];
    };

    // The base, with the axes' names at the sides that are near.
    const floor = -HEIGHT * 1.02, corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([u, v]) => project(u, v, floor));
    pen.strokeStyle = faint;
    pen.lineWidth = 1;
    pen.beginPath();
    corners.forEach(([p, q], i) => (i ? pen.lineTo(p, q) : pen.moveTo(p, q)));
    pen.closePath();
    pen.stroke();

    const places = z.map((row, i) => row.map((value, j) => project(along(x, x[j]), along(y, y[i]), upward(value))));
    const colours = shades.map(rgb), dark = rgb(ink)[0] > 128;
    const [cellX, cellY] = [2 / (x.length - 1), 2 / (y.length - 1)];
    const order = (count, backwards) => Array.from({ length: count }, (_, k) => (backwards ? count - 1 - k : k));
    for (const i of order(y.length - 1, cosA > 0)) {
      for (const j of order(x.length - 1, sinA > 0)) {
        const ring = [z[i][j], z[i][j + 1], z[i + 1][j + 1], z[i + 1][j]];
        const mean = (ring[0] + ring[1] + ring[2] + ring[3]) / 4;
        const level = clamp(Math.floor((mean - low) / step) + 1, 0, shades.length - 1);
        const [dx, dy] = [(upward(ring[1]) - upward(ring[0])) / cellX, (upward(ring[3]) - upward(ring[0])) / cellY];
        const shine = (-dx * LIGHT[0] - dy * LIGHT[1] + LIGHT[2]) / Math.hypot(dx, dy, 1);
        const lit = dark ? 1 + 0.55 * (shine - 0.7) : 1 + 0.35 * (shine - 0.82);
        pen.fillStyle = pen.strokeStyle = `rgb(${colours[level].map((part) => clamp(Math.round(part * lit), 0, 255))})`;
        pen.beginPath();
        [places[i][j], places[i][j + 1], places[i + 1][j + 1], places[i + 1][j]].forEach(([p, q], k) =>
          k ? pen.lineTo(p, q) : pen.moveTo(p, q));
        pen.closePath();
        pen.fill();
        pen.stroke(); // over the seams
      }
    }

    for (const [u, v, value] of points) {
      const [p, q] = project(along(x, u), along(y, v), upward(value));
      const level = clamp(Math.floor((value - low) / step) + 1, 0, shades.length - 1);
      pen.beginPath();
      pen.arc(p, q, 4.5, 0, 2 * Math.PI);
      pen.fillStyle = shades[level];
      pen.fill();
      pen.strokeStyle = ink;
      pen.lineWidth = 1.6;
      pen.stroke();
      pen.lineWidth = 1;
    }

    pen.fillStyle = soft;
    pen.font = "13px system-ui, sans-serif";
    pen.textAlign = "center";
    const near = (one, other) => (project(...one, floor)[1] > project(...other, floor)[1] ? one : other);
    for (const [name, one, other] of [["x₁", [0, -1.13], [0, 1.13]], ["x₂", [-1.13, 0], [1.13, 0]]]) {
      pen.fillText(name, ...project(...near(one, other), floor).map((part, k) => part + 4 * k));
    }
  };
  const later = () => { waiting ||= requestAnimationFrame(paint); };
  const face = (across, up) => {
    turn = ((turn + across + 540) % 360) - 180;
    tilt = clamp(tilt + up, 5, 90);
    later();
  };
  const settle = () => { [model.turn, model.tilt] = [Math.round(turn), Math.round(tilt)]; };

  let held = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    held = [event.pointerId, event.clientX, event.clientY];
    try { canvas.setPointerCapture(event.pointerId); } catch { /* a pointer that a program made */ }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (held?.[0] !== event.pointerId) return;
    face(0.5 * (event.clientX - held[1]), 0.4 * (event.clientY - held[2]));
    held = [event.pointerId, event.clientX, event.clientY];
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(kind, (event) => {
      if (held?.[0] === event.pointerId) { held = null; settle(); }
    });
  }
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, -5], ArrowDown: [0, 5] }[event.key];
    if (!way) return;
    event.preventDefault();
    face(...way);
    settle();
  });

  model.on("heights", later);
  for (const name of ["turn", "tilt"]) {
    model.on(name, () => { if (!held) { [turn, tilt] = [model.turn, model.tilt]; later(); } });
  }
  new ResizeObserver(later).observe(canvas);
  return canvas;
}
