// Buttons that download what the server makes, and the code with a button that copies it.

function element(tag, attributes, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

export function render({ model }) {
  const said = element("span", { role: "status" });
  let waiting;
  const say = (text) => {
    clearTimeout(waiting);
    said.textContent = text;
    waiting = setTimeout(() => { said.textContent = ""; }, 4000);
  };

  const buttons = model.kinds.map((kind) => {
    const button = element("button", { type: "button", textContent: kind.toUpperCase() });
    button.setAttribute("aria-label", `Download ${kind.toUpperCase()}`);
    button.addEventListener("click", () => { model.wanted = { kind, count: (model.wanted.count || 0) + 1 }; });
    return button;
  });
  model.on("file", () => {
    const bytes = Uint8Array.from(atob(model.file.content), (character) => character.charCodeAt(0));
    const link = element("a", { download: model.file.name, href: URL.createObjectURL(new Blob([bytes])) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    say(`${model.file.name} is downloaded`);
  });

  const code = element("code", { textContent: model.code });
  const block = element("pre", { tabIndex: 0 }, code);
  block.setAttribute("role", "region");
  block.setAttribute("aria-label", "Python code of this view");
  model.on("code", () => { code.textContent = model.code; });
  const copy = element("button", { type: "button", textContent: "Copy the code" });
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(model.code);
      say("copied");
    } catch { // a page without a clipboard: one that is not served to this machine
      getSelection().selectAllChildren(code);
      say("selected: press Ctrl+C");
    }
  });
  return element("div", {}, element("div", { className: "bar" }, "Take this view with you:", ...buttons, copy, said), block);
}
