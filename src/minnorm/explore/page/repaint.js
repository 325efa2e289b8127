// With every repaint Bokeh writes the style sheets of its axes anew and asks for their sizes, so that the browser
// computes all styles again, some twenty times for a step of a drag. A sheet that stays the same is left alone here.
// Nor does it have to look for properties of CSS that stand for those of its models: this page sets none.
function lighten() {
  try {
    const { InlineStyleSheet } = Bokeh.require("core/dom"), { VisualProperties } = Bokeh.require("core/visuals/visual");
    const write = InlineStyleSheet.prototype._update;
    InlineStyleSheet.prototype._update = function (css) { if (this.el.textContent !== css) write.call(this, css); };
    VisualProperties.prototype._get_css_value = () => "";
  } catch { /* another Bokeh: it repaints as it does */ }
}

// A button may change before it is drawn, where a solver is that quick: Bokeh then looks for what is not there yet.
function waitForButtons() {
  try {
    const { AbstractButtonView } = Bokeh.require("models/widgets/abstract_button"), { controls } = AbstractButtonView.prototype;
    AbstractButtonView.prototype.controls = function* () { if (this.button_el) yield* controls.call(this); };
  } catch { /* another Bokeh */ }
}
