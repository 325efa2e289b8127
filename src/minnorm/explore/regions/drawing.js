// A sheet for regions: discs, rings, boxes and polygons are drawn, moved and resized with the pointer or the keyboard.
const TOOLS = ["move", "disc", "ring", "box", "polygon"];
const HELP = {
  move: "Drag a shape, or a dot of the chosen one to change its size. Arrow keys move it, Delete takes it away, Page Up and Page Down choose another.",
  disc: "Press where the centre is and drag to the edge.",
  ring: "Press where the centre is and drag to the outer edge.",
  box: "Press at one corner and drag to the other.",
  polygon: "Click at each corner; double-click, or press Enter, at the last one. Escape gives up.",
};
const SMALL = 0.03, NEAR = 9, SIDE = 72; // least size; pixels around a dot; pixels of a picture

function element(tag, attributes, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}
const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
const pairs = (ring) => Array.from({ length: ring.length / 2 }, (_, k) => [ring[2 * k], ring[2 * k + 1]]);
const round = (value) => Math.round(1000 * value) / 1000;

// What a shape's dots are, and what moving one does.
const dots = ({ kind, rings: [one, ...holes] }) => ({
  disc: () => [[one[0] + one[2], one[1]]],
  ring: () => [[one[0] + one[2], one[1]], [one[0] + one[3], one[1]]],
  box: () => [[one[0], one[1]], [one[2], one[1]], [one[2], one[3]], [one[0], one[3]]],
  polygon: () => [one, ...holes].flatMap(pairs),
}[kind]());
function pull(part, k, [x, y]) {
  const [one] = part.rings, far = Math.max(SMALL, Math.hypot(x - one[0], y - one[1]));
  if (part.kind === "disc") one[2] = far;
  else if (part.kind === "ring") one[2 + k] = k ? Math.max(far, one[2] + SMALL) : Math.min(far, one[3] - SMALL);
  else if (part.kind === "box") { one[k === 0 || k === 3 ? 0 : 2] = x; one[k < 2 ? 1 : 3] = y; }
  else for (const ring of part.rings) {
    if (2 * k < ring.length) { ring[2 * k] = x; ring[2 * k + 1] = y; break; }
    k -= ring.length / 2;
  }
}
function shift(part, dx, dy) {
  const count = { disc: 2, ring: 2 }[part.kind];
  for (const ring of part.rings) for (let k = 0; k < (count ?? ring.length); k++) ring[k] += k % 2 ? dy : dx;
}
const said = ({ kind, rings: [one] }) => {
  const at = `(${round(one[0])}, ${round(one[1])})`;
  if (kind === "disc") return `disc at ${at}, radius ${round(one[2])}`;
  if (kind === "ring") return `ring at ${at}, radii ${round(one[2])} to ${round(one[3])}`;
  if (kind === "box") return `box from ${at} to (${round(one[2])}, ${round(one[3])})`;
  return `polygon of ${one.length / 2} corners`;
};

export function render({ model }) {
  let tool = "move", parts = structuredClone(model.parts), chosen = -1, held = null, corners = [], waiting = 0, busy = null;
  const canvas = element("canvas", { tabIndex: 0 });
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", "Sheet of regions: Page Up and Page Down choose one, arrow keys move it");
  const help = element("p", { textContent: HELP.move });
  const label = element("input", { type: "number", step: "any", value: 1, className: "label", id: "new-label" });
  const buttons = TOOLS.map((name) => {
    const button = element("button", { type: "button", textContent: name });
    button.addEventListener("click", () => use(name));
    return button;
  });
  const file = element("input", { type: "file", accept: "image/*", id: "mask" });
  const body = element("tbody");
  const use = (name) => {
    tool = name;
    corners = [];
    help.textContent = HELP[name];
    buttons.forEach((button, k) => button.setAttribute("aria-pressed", String(TOOLS[k] === name)));
    later();
  };

  // The sheet keeps the box's shape; from the plane to pixels and back.
  const frame = () => {
    const [x0, y0, x1, y1] = model.box, wide = canvas.clientWidth;
    return { x0, y1, scale: wide / (x1 - x0), wide, high: wide * (y1 - y0) / (x1 - x0) };
  };
  const to = (x, y, { x0, y1, scale } = frame()) => [(x - x0) * scale, (y1 - y) * scale];
  const from = (event) => {
    const { x0, y1, scale } = frame(), at = canvas.getBoundingClientRect();
    return [x0 + (event.clientX - at.left - 1) / scale, y1 - (event.clientY - at.top - 1) / scale];
  };

  const ground = element("canvas", {}); // the values, a pixel a place; painted anew only when they change
  const shade = () => {
    const { f, low, step } = model.values;
    if (!f) return;
    const [rows, columns, colours] = [f.length, f[0].length, model.look.shades.map(rgb)], fine = 4;
    [ground.width, ground.height] = [(columns - 1) * fine, (rows - 1) * fine];
    const image = new ImageData(ground.width, ground.height);
    for (let p = 0; p < ground.height; p++) {
      const v = (rows - 1) - (p + 0.5) / fine, i = Math.min(rows - 2, Math.floor(v)), b = v - i;
      for (let q = 0; q < ground.width; q++) {
        const u = (q + 0.5) / fine, j = Math.min(columns - 2, Math.floor(u)), a = u - j;
        const value = (1 - b) * ((1 - a) * f[i][j] + a * f[i][j + 1]) + b * ((1 - a) * f[i + 1][j] + a * f[i + 1][j + 1]);
        const level = Math.min(colours.length - 1, Math.max(0, Math.floor((value - low) / step + 1e-5) + 1));
        image.data.set([...colours[level], 255], 4 * (p * ground.width + q));
      }
    }
    ground.getContext("2d").putImageData(image, 0, 0);
  };

  const trace = (pen, part) => {
    const [one] = part.rings, { scale } = frame();
    pen.beginPath();
    if (part.kind === "disc" || part.kind === "ring") {
      for (const radius of one.slice(2)) {
        const [p, q] = to(one[0], one[1]);
        pen.moveTo(p + radius * scale, q);
        pen.arc(p, q, radius * scale, 0, 2 * Math.PI);
      }
    } else {
      const rings = part.kind === "box" ? [dots(part)] : part.rings.map(pairs);
      for (const ring of rings) {
        ring.forEach(([x, y], k) => pen[k ? "lineTo" : "moveTo"](...to(x, y)));
        pen.closePath();
      }
    }
  };
  const paint = () => {
    waiting = 0;
    const { wide, high } = frame(), dense = globalThis.devicePixelRatio || 1, { ink, paper, accent } = model.look;
    if (!wide) return;
    canvas.style.height = `${high}px`;
    [canvas.width, canvas.height] = [Math.round(wide * dense), Math.round(high * dense)];
    const pen = canvas.getContext("2d");
    pen.scale(dense, dense);
    pen.fillStyle = paper;
    pen.fillRect(0, 0, wide, high);
    if (model.values.f) pen.drawImage(ground, 0, 0, wide, high);
    pen.strokeStyle = ink;
    for (const [x0, y0, x1, y1, share, sign] of model.lines) {
      pen.lineWidth = 0.3 + 1.5 * share;
      pen.setLineDash(sign > 0 ? [] : [5, 4]);
      pen.beginPath();
      pen.moveTo(...to(x0, y0));
      pen.lineTo(...to(x1, y1));
      pen.stroke();
    }
    pen.setLineDash([]);
    parts.forEach((part, k) => {
      trace(pen, part);
      pen.lineWidth = k === chosen ? 3.5 : 2;
      pen.strokeStyle = k === chosen ? accent : ink;
      pen.stroke();
      if (k === chosen && tool === "move") {
        for (const [x, y] of dots(part)) {
          pen.beginPath();
          pen.arc(...to(x, y), 4.5, 0, 2 * Math.PI);
          pen.fillStyle = paper;
          pen.fill();
          pen.stroke();
        }
      }
    });
    pen.strokeStyle = accent;
    pen.lineWidth = 2;
    if (corners.length) {
      pen.beginPath();
      corners.forEach(([x, y], k) => pen[k ? "lineTo" : "moveTo"](...to(x, y)));
      pen.stroke();
    }
  };
  const later = () => { waiting ||= requestAnimationFrame(paint); };

  // One request at a time; the last state is what counts.
  let pending = false;
  const open = () => (model.edited.count || 0) > model.answered;
  const send = () => {
    if (open()) { pending = true; return; }
    model.edited = { parts: structuredClone(parts), count: model.answered + 1 };
  };
  model.on("answered", () => { if (pending) { pending = false; send(); } else take(); });
  const take = () => {
    if (open() || pending || held) return;
    parts = structuredClone(model.parts);
    chosen = Math.min(chosen, parts.length - 1);
    list();
    later();
  };
  model.on("parts", take);

  const list = () => {
    while (body.rows.length > parts.length) body.deleteRow(-1);
    parts.forEach((part, k) => {
      let row = body.rows[k];
      if (!row) {
        const field = element("input", { type: "number", step: "any", className: "label" });
        const away = element("button", { type: "button", textContent: "×" });
        row = element("tr", {}, element("td"), element("td", {}, field), element("td", {}, away));
        field.addEventListener("change", () => {
          if (field.value !== "") { parts[row.rowIndex - 1].label = Number(field.value); send(); }
        });
        field.addEventListener("focus", () => { choose(row.rowIndex - 1); });
        away.addEventListener("click", () => { drop(row.rowIndex - 1); canvas.focus({ preventScroll: true }); });
        body.append(row);
      }
      row.className = k === chosen ? "chosen" : "";
      row.cells[0].textContent = said(part);
      const [field, away] = [row.querySelector("input"), row.querySelector("button")];
      field.setAttribute("aria-label", `label of part ${k + 1}`);
      away.setAttribute("aria-label", `delete part ${k + 1}`);
      if (row.getRootNode().activeElement !== field) field.value = part.label;
    });
  };
  const choose = (k) => { chosen = k; list(); later(); };
  const add = (kind, rings) => {
    parts.push({ kind, label: Number(label.value) || 0, rings });
    choose(parts.length - 1);
    send();
  };
  const drop = (k) => {
    parts.splice(k, 1);
    choose(Math.min(k, parts.length - 1));
    send();
  };

  const inside = (part, [x, y]) => {
    const pen = canvas.getContext("2d");
    pen.save();
    pen.resetTransform();
    trace(pen, part);
    const found = pen.isPointInPath(...to(x, y), "evenodd");
    pen.restore();
    return found;
  };
  const close = () => {
    if (corners.length > 2) add("polygon", [corners.flat().map(round)]);
    corners = [];
    later();
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    const at = from(event), { scale } = frame();
    canvas.focus({ preventScroll: true });
    event.preventDefault();
    if (tool === "polygon") {
      const last = corners.at(-1);
      if (last && Math.hypot(at[0] - last[0], at[1] - last[1]) * scale < NEAR) close();
      else { corners.push(at); later(); }
      return;
    }
    if (tool === "move") {
      const near = chosen < 0 ? -1 : dots(parts[chosen]).findIndex(([x, y]) =>
        Math.hypot(x - at[0], y - at[1]) * scale < (event.pointerType === "mouse" ? NEAR : 2.5 * NEAR));
      const hit = near >= 0 ? chosen : parts.findLastIndex((part) => inside(part, at));
      choose(hit);
      if (hit < 0) return;
      held = { dot: near, at, moved: false };
    } else {
      const [x, y] = at;
      const rings = { disc: [x, y, SMALL], ring: [x, y, 0.6 * SMALL, SMALL], box: [x, y, x + SMALL, y + SMALL] }[tool];
      parts.push({ kind: tool, label: Number(label.value) || 0, rings: [rings] });
      choose(parts.length - 1);
      held = { start: at, at, moved: true };
    }
    held.pointer = event.pointerId;
    try { canvas.setPointerCapture(event.pointerId); } catch { /* a pointer that a program made */ }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (held?.pointer !== event.pointerId) return;
    const at = from(event), part = parts[chosen], [one] = part.rings;
    held.moved = true;
    if (held.start) {
      const far = Math.max(SMALL, Math.hypot(at[0] - one[0], at[1] - one[1]));
      if (part.kind === "disc") one[2] = far;
      else if (part.kind === "ring") [one[2], one[3]] = [0.6 * far, far];
      else [one[2], one[3]] = at;
    } else if (held.dot >= 0) pull(part, held.dot, at);
    else shift(part, at[0] - held.at[0], at[1] - held.at[1]);
    held.at = at;
    later();
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(kind, (event) => {
      if (held?.pointer !== event.pointerId) return;
      const { moved, start } = held;
      held = null;
      if (moved) { list(); send(); }
      if (start) use("move");
    });
  }
  canvas.addEventListener("dblclick", () => { if (tool === "polygon") close(); });
  canvas.addEventListener("keydown", (event) => {
    if (tool === "polygon" && event.key === "Enter") { event.preventDefault(); close(); return; }
    if (event.key === "Escape") { use("move"); return; }
    const turn = { PageUp: -1, PageDown: 1 }[event.key], step = event.shiftKey ? 0.01 : 0.1;
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (turn && parts.length) choose((chosen + turn + parts.length + (chosen < 0 && turn < 0)) % parts.length);
    else if (move && chosen >= 0) { shift(parts[chosen], step * move[0], step * move[1]); list(); later(); send(); }
    else if ((event.key === "Delete" || event.key === "Backspace") && chosen >= 0) drop(chosen);
    else return;
    event.preventDefault();
  });

  // A picture: its grey levels, in few pixels and five levels; what is transparent is unknown.
  const see = async (image) => {
    if (!image?.type.startsWith("image/")) return;
    const bitmap = await createImageBitmap(image), scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const [columns, rows] = [bitmap.width, bitmap.height].map((size) => Math.max(2, Math.round(size * scale)));
    const pen = new OffscreenCanvas(columns, rows).getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(bitmap, 0, 0, columns, rows);
    const { data } = pen.getImageData(0, 0, columns, rows);
    const levels = Array.from({ length: rows * columns }, (_, k) =>
      (data[4 * k + 3] < 128 ? null : Math.round((data[4 * k] + data[4 * k + 1] + data[4 * k + 2]) / 765 * 4) / 4));
    model.picture = { rows, levels, count: (model.picture.count || 0) + 1 };
  };
  file.addEventListener("change", () => { see(file.files[0]); file.value = ""; });
  canvas.addEventListener("dragover", (event) => { event.preventDefault(); canvas.classList.add("over"); });
  canvas.addEventListener("dragleave", () => canvas.classList.remove("over"));
  canvas.addEventListener("drop", (event) => {
    event.preventDefault();
    canvas.classList.remove("over");
    see(event.dataTransfer.files[0]);
  });

  model.on("values", () => { shade(); later(); });
  model.on("lines", later);
  model.on("box", later);
  new ResizeObserver(later).observe(canvas);
  shade();
  list();
  use("move");
  const head = element("tr", {}, ...["shape", "label"].map((text) => element("th", { textContent: text, scope: "col" })),
    element("th", {}, element("span", { className: "unseen", textContent: "delete" })));
  const table = element("table", {}, element("caption", { textContent: "Known" }), element("thead", {}, head), body);
  return element("div", {},
    element("div", { className: "tools" }, ...buttons, element("label", { htmlFor: "new-label", textContent: "label" }), label),
    canvas, help, table,
    element("p", {}, element("label", { htmlFor: "mask", textContent: "An image whose grey levels are labels (or drop it on the sheet): " }), file));
}
