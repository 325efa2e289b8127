// Numbers under their names, changed in place: a question that is open, or in focus, stays.
function element(tag, attributes, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

export function render({ model }) {
  const list = element("dl"), note = element("p"), rows = new Map();
  const place = element("div", {}, list, note);
  place.setAttribute("role", "status");
  const row = (name, term) => {
    const label = element("dt", { textContent: name }), number = element("dd");
    if (term) {
      const button = element("button", { type: "button", className: "term", textContent: "?" });
      button.dataset.term = term;
      button.setAttribute("aria-label", `What is: ${term}?`);
      label.append(" ", button);
    }
    return { whole: element("div", {}, label, number), number };
  };
  const show = () => {
    const names = model.pairs.map(([name]) => name);
    for (const [name, { whole }] of rows) if (!names.includes(name)) { whole.remove(); rows.delete(name); }
    model.pairs.forEach(([name, value, term], i) => {
      if (!rows.has(name)) rows.set(name, row(name, term));
      const { whole, number } = rows.get(name);
      if (list.children[i] !== whole) list.insertBefore(whole, list.children[i] ?? null);
      whole.className = i ? "" : "main";
      if (number.textContent !== value) number.textContent = value;
    });
    if (note.textContent !== model.note) note.textContent = model.note;
  };
  model.on("pairs", show);
  model.on("note", show);
  show();
  return place;
}
