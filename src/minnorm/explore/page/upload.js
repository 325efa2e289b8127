// A file of bounded size, read in the browser and sent as text.
export function render({ model }) {
  const input = document.createElement("input");
  Object.assign(input, { type: "file", accept: model.accept, id: "upload" });
  const label = document.createElement("label");
  Object.assign(label, { htmlFor: "upload", textContent: model.label });
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file) return;
    const known = { name: file.name, size: file.size, count: (model.sent.count || 0) + 1 };
    const text = file.size <= model.most ? new TextDecoder().decode(await file.arrayBuffer()) : "";
    model.sent = { ...known, text };
    input.value = "";
  });
  const field = document.createElement("div");
  field.append(label, input);
  return field;
}
