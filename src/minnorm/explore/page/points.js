// A table of points for the keyboard: fields and a button in each row, and a button that adds a row.

function element(tag, attributes, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

export function render({ model }) {
  const body = element("tbody");
  const head = element("tr", {}, ...model.columns.map((text) => element("th", { textContent: text, scope: "col" })),
    element("th", {}, element("span", { className: "unseen", textContent: "delete" })));
  const table = element("table", {}, element("caption", { textContent: "Points" }), element("thead", {}, head), body);
  const add = element("button", { type: "button", textContent: "Add a point" });
  let rows = [], typing = null; // what is being typed is the reader's until it is entered or left

  const numberOf = (field) => { // a field that was left without a number has the last one it had
    if (field.checkValidity()) field.kept = field.valueAsNumber;
    else field.value = field.kept;
    return field.kept;
  };

  const send = (focus) => {
    const entered = rows.map((row) => row.fields.map(numberOf));
    model.edited = { points: entered, count: (model.edited.count || 0) + 1 };
    if (focus) requestAnimationFrame(() => focus()?.focus());
  };

  const makeRow = () => {
    const row = { fields: [] };
    const line = element("tr");
    for (const name of model.columns) {
      const field = element("input", { type: "number", step: "any", required: true });
      field.addEventListener("input", () => { typing = field; });
      field.addEventListener("blur", () => { typing = null; });
      field.addEventListener("change", () => { typing = null; if (field.checkValidity()) send(); });
      row.fields.push(field);
      line.append(element("td", {}, field));
    }
    row.remove = element("button", { type: "button", textContent: "×" });
    row.remove.addEventListener("click", () => {
      const place = rows.indexOf(row);
      rows.splice(place, 1);
      line.remove();
      label();
      send(() => (rows[Math.min(place, rows.length - 1)] ?? { remove: add }).remove);
    });
    line.append(element("td", {}, row.remove));
    row.line = line;
    return row;
  };

  const label = () => rows.forEach((row, i) => {
    row.fields.forEach((field, k) => field.setAttribute("aria-label", `${model.columns[k]} of point ${i + 1}`));
    row.remove.setAttribute("aria-label", `delete point ${i + 1}`);
  });

  const show = () => {
    if (model.answered < (model.edited.count || 0)) return; // what was entered since is still on its way
    const others = rows.length !== model.points.length;
    while (rows.length > model.points.length) rows.pop().line.remove();
    while (rows.length < model.points.length) { const row = makeRow(); rows.push(row); body.append(row.line); }
    model.points.forEach((point, i) => point.forEach((value, k) => {
      const field = rows[i].fields[k];
      field.kept = value;
      if (field.valueAsNumber !== value && field !== typing) field.value = value;
    }));
    if (others) label();
  };

  add.addEventListener("click", () => {
    const row = makeRow();
    const xs = rows.map((other) => other.fields[0].valueAsNumber);
    const step = rows.length > 1 ? (Math.max(...xs) - Math.min(...xs)) / (rows.length - 1) : 1;
    row.fields[0].value = Number((rows.length ? Math.max(...xs) + step : 0).toPrecision(4));
    row.fields.slice(1).forEach((field, k) => {
      field.value = rows.length ? rows[rows.length - 1].fields[k + 1].value : 0;
    });
    rows.push(row);
    body.append(row.line);
    label();
    send(() => row.fields[0]);
  });

  model.on("points", show);
  model.on("answered", show);
  show();
  return element("div", { className: "points" }, element("div", { className: "scroll", tabIndex: -1 }, table), add);
}
