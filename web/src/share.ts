// The address as a QR code, where the page is served: a room of phones opens what the screen shows.

import { correction, generate } from "lean-qr";
import { button, element } from "./dom.ts";

/** A button that shows it, or null for a page that is a file. */
export function qrButton(): HTMLButtonElement | null {
  if (!location.protocol.startsWith("http")) return null;
  return button("QR code", () => {
    const canvas = element("canvas", { role: "img", "aria-label": "QR code of this page's address" });
    const dialog = element("dialog", { class: "qr", "aria-label": "QR code" });
    const address = element("p", {}, location.href.length > 120 ? `${location.href.slice(0, 120)}…` : location.href);
    try {
      generate(location.href, { maxCorrectionLevel: correction.M }).toCanvas(canvas, { on: [0, 0, 0], off: [255, 255, 255], pad: 4 });
      dialog.append(canvas, address);
    } catch {
      dialog.append(element("p", {}, "The address is too long for a QR code: use fewer points."));
    }
    dialog.append(button("Close", () => dialog.close()));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  });
}
