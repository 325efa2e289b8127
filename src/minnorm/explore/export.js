// Shows the code and copies it; where the browser has no clipboard for this page, the code is selected instead.
export function render({ model }) {
  const code = Object.assign(document.createElement("code"), { textContent: model.code });
  const block = document.createElement("pre");
  block.tabIndex = 0;
  block.setAttribute("aria-label", "Python code of this view");
  block.append(code);
  const copy = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy" });
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(model.code);
      said.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(code);
      said.textContent = "selected: press Ctrl+C";
    }
    setTimeout(() => { said.textContent = ""; }, 3000);
  });
  model.on("code", () => { code.textContent = model.code; });
  const box = document.createElement("div");
  box.append(block, copy, said);
  return box;
}
