"""Line: points that can be dragged, and the minimum-norm interpolant of them."""

from typing import Any

import pandas as pd
import panel as pn
import param
from bokeh.plotting import figure
from matplotlib.figure import Figure

from minnorm import known
from minnorm.explore.state import Numbers, State
from minnorm.explore.view import Visit
from minnorm.known.line_figure import line_figure


class LineState(State):
    """Points, and what is minimised."""

    x = Numbers([0.0, 1.0, 2.0])
    y = Numbers([0.0, 1.0, 0.0])
    lam = param.Number(0.0, bounds=(0.0, None))


class LineView:
    """The view."""

    state_type = LineState

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.state: LineState = visit.state

    def panel(self) -> Any:
        """Controls and plots."""
        plot = figure(height=300, width=500)
        plot.scatter(list(self.state.x), list(self.state.y), color=self.visit.theme.point)
        slider = pn.widgets.FloatSlider(name="lam", start=0, end=1, value=self.state.lam)
        slider.link(self.state, value="lam")
        return pn.Row(slider, plot)

    def figure(self) -> Figure:
        """In print quality."""
        return line_figure(self.state.x, self.state.y, known.line(self.state.x, self.state.y))

    def table(self) -> pd.DataFrame:
        """The points."""
        return pd.DataFrame({"x": self.state.x, "y": self.state.y})

    def code(self) -> str:
        """What finds the norm."""
        return f"import minnorm as mn\nprint(mn.known.line({list(self.state.x)}, {list(self.state.y)}).value)"

    def close(self) -> None:
        """Nothing runs."""
