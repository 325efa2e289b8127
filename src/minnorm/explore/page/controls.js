// A form of native controls, one for each parameter of a view's state: labels, keyboard and screen readers for free.

const log = (control) => control.kind === "log";

// A log scale has zero at its left end, if zero is allowed, apart from the rest.
function toPosition(control, value) {
  if (!log(control)) return value;
  if (value <= 0) return 0;
  const share = Math.log(value / control.min) / Math.log(control.max / control.min);
  return control.zero ? 10 + 990 * Math.min(1, Math.max(0, share)) : 1000 * share;
}

function fromPosition(control, position) {
  if (!log(control)) return position;
  if (control.zero && position < 10) return 0;
  const share = control.zero ? (position - 10) / 990 : position / 1000;
  return Number((control.min * (control.max / control.min) ** share).toPrecision(3));
}

function element(tag, attributes, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

export function render({ model }) {
  const form = element("form", { autocomplete: "off" });
  form.addEventListener("submit", (event) => event.preventDefault());
  if (model.title) form.append(element("h2", { textContent: model.title }));
  const show = {};

  // One request at a time: the next one carries what was changed meanwhile. Until it is answered, the form shows it.
  let waiting = null;
  const busy = () => (model.request.number || 0) > model.answered;
  const send = (changes) => {
    if (busy()) waiting = { ...waiting, ...changes };
    else model.request = { number: model.answered + 1, changes };
  };
  const refresh = () => {
    const entered = busy() ? { ...model.request.changes, ...waiting } : {};
    for (const [name, value] of Object.entries({ ...model.values, ...entered })) show[name]?.(value);
  };
  model.on("answered", () => {
    if (busy()) return;
    const changes = waiting;
    waiting = null;
    if (changes) send(changes);
    refresh();
  });

  // The question stands beside the label, not in it: it is no part of the control's name.
  const ask = (control) => {
    if (!control.term) return [];
    const button = element("button", { type: "button", className: "term", textContent: "?" });
    button.dataset.term = control.term;
    button.setAttribute("aria-label", `What is: ${control.term}?`);
    return [button];
  };

  for (const control of model.spec) {
    const id = `${control.name}-control`;
    const field = element("div", { className: "field" });
    if (control.kind === "radio") {
      const group = element("fieldset", {}, element("legend", { textContent: control.label }));
      for (const option of control.options) {
        const input = element("input", { type: "radio", name: id, value: option });
        input.addEventListener("change", () => send({ [control.name]: option }));
        group.append(element("label", {}, input, option));
      }
      show[control.name] = (value) => {
        for (const input of group.querySelectorAll("input")) input.checked = input.value === value;
      };
      field.append(group);
      group.firstChild.after(...ask(control));
    } else if (control.kind === "checkbox") {
      const input = element("input", { type: "checkbox", id });
      input.addEventListener("change", () => send({ [control.name]: input.checked }));
      show[control.name] = (value) => { input.checked = value; };
      field.append(element("label", {}, input, control.label));
    } else if (control.kind === "select") {
      const input = element("select", { id });
      for (const option of control.options) input.append(element("option", { value: option, textContent: option }));
      input.addEventListener("change", () => send({ [control.name]: input.value }));
      show[control.name] = (value) => { input.value = value; };
      field.append(element("span", { className: "name" }, element("label", { htmlFor: id, textContent: control.label }), ...ask(control)), input);
    } else {
      const input = element("input", { type: "number", id, step: "any" });
      if (control.kind !== "log" && control.step) input.step = control.step;
      let typing = false; // what is being typed is the reader's until it is entered or left
      input.addEventListener("input", () => { typing = true; });
      for (const end of ["change", "blur"]) input.addEventListener(end, () => { typing = false; });
      input.addEventListener("change", () => {
        if (input.value !== "") send({ [control.name]: Number(input.value) });
      });
      const label = element("label", { htmlFor: id, textContent: control.label });
      field.append(element("span", { className: "name" }, label, ...ask(control)), input);
      let slide = () => {};
      if (control.kind === "log" || control.kind === "range") {
        field.classList.add("sliding");
        const [min, max, step] = log(control) ? [0, 1000, 10] : [control.min, control.max, control.step || "any"];
        const range = element("input", { type: "range", min, max, step });
        range.setAttribute("aria-label", `${control.label}, slider`);
        range.addEventListener("input", () => {
          const value = fromPosition(control, Number(range.value));
          input.value = value;
          range.setAttribute("aria-valuetext", String(value));
          send({ [control.name]: value });
        });
        slide = (value) => {
          if (form.getRootNode().activeElement !== range || !range.matches(":active")) {
            range.value = toPosition(control, value);
          }
          range.setAttribute("aria-valuetext", String(value));
        };
        field.append(range);
      }
      show[control.name] = (value) => {
        if (!typing) input.value = Number(value.toPrecision(12));
        slide(value);
      };
    }
    if (control.help) field.title = control.help;
    form.append(field);
  }
  model.on("values", refresh);
  refresh();
  return form;
}
