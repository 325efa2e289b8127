// A click on "?" opens what the glossary says about a term, wherever the button lies; a hint for the first visit.
{
  const terms = JSON.parse(document.getElementById("terms").textContent), box = document.getElementById("term");
  let asker = null;
  const close = () => { box.hidden = true; asker?.focus?.(); asker = null; };
  document.addEventListener("click", (event) => {
    const button = event.composedPath().find((part) => part.classList?.contains("term"));
    if (!button) { if (!box.hidden && !event.composedPath().includes(box)) box.hidden = true; return; }
    event.preventDefault(); // a label must not switch what it is a label of
    asker = button;
    box.querySelector("strong").textContent = button.dataset.term;
    box.querySelector("p").textContent = terms[button.dataset.term];
    box.hidden = false;
    const at = button.getBoundingClientRect(), room = 12;
    box.style.left = `${Math.max(room, Math.min(at.left, innerWidth - box.offsetWidth - room))}px`;
    const below = at.bottom + 6;
    const top = below + box.offsetHeight > innerHeight - room ? Math.max(room, at.top - box.offsetHeight - 6) : below;
    box.style.top = `${top}px`;
    box.querySelector("button").focus({ preventScroll: true });
  });
  box.querySelector("button").addEventListener("click", close);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !box.hidden) close(); });

  const hint = document.getElementById("hint"), key = `minnorm hint ${hint.dataset.view}`;
  let seen = true;
  try { seen = localStorage.getItem(key) !== null; } catch { /* a browser that keeps nothing */ }
  hint.hidden = seen;
  hint.querySelector("button").addEventListener("click", () => {
    hint.hidden = true;
    try { localStorage.setItem(key, "seen"); } catch { /* it comes again */ }
  });

  // Drawers of controls, on a phone: one open at a time.
  const handles = [...document.querySelectorAll("#drawers button")];
  const set = (handle, open) => {
    handle.setAttribute("aria-expanded", String(open));
    document.documentElement.style.setProperty(`--drawer-${handle.dataset.drawer}`, open ? "flex" : "none");
    if (open) dispatchEvent(new Event("resize")); // what lies in it is laid out now
  };
  for (const handle of handles) {
    handle.addEventListener("click", () => {
      const open = handle.getAttribute("aria-expanded") !== "true";
      for (const other of handles) set(other, open && other === handle);
    });
  }
}
