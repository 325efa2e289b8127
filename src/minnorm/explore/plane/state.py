"""The state of the view Plane: points, what is minimised, how it is shown, and how a network is trained."""

import param

from minnorm.explore.page.state import Numbers
from minnorm.explore.plane.points import PRESETS
from minnorm.explore.plane.solving import LOSSES
from minnorm.explore.run.run import TrainingState

OWN = "my own"
MOST = 60  # points that can be edited
MOST_UPLOADED = 200


class PlaneState(TrainingState):
    """The points, what is minimised, how it is shown, and how a network is trained."""

    points = param.Selector(default="ring", objects=[*PRESETS, OWN], label="Points")
    count = param.Integer(12, bounds=(3, MOST), softbounds=(3, MOST), label="How many")
    seed_of_points = param.Integer(0, bounds=(0, 9999), label="Seed of the points")
    x1 = Numbers(most=MOST_UPLOADED)
    x2 = Numbers(most=MOST_UPLOADED)
    y = Numbers(most=MOST_UPLOADED)
    value = param.Number(1.0, label="Value of new points")
    lam = param.Number(
        0.0, bounds=(0.0, None), softbounds=(1e-6, 1.0), label="\u03bb", doc="Weight of the norm; 0 interpolates."
    )
    loss = param.Selector(
        default="squared",
        objects=list(LOSSES),
        label="Loss",
        doc="Logistic and hinge are for two classes; with \u03bb = 0 they are separated by the largest margin.",
    )
    bias = param.Selector(default="free", objects=["free", "penalised"], label="Biases")
    skip = param.Selector(default="none", objects=["none", "free"], label="Skip term")
    tolerance = param.Number(1e-6, bounds=(1e-10, 0.1), label="Gap to reach")
    time_limit = param.Number(20.0, bounds=(0.0, 600.0), step=5, label="Seconds at most")
    shown = param.Selector(default="level sets", objects=["level sets", "surface"], label="Show")
    values_of = param.Selector(
        default="certified", objects=["certified", "trained"], label="Values of", doc="Whose values have the colours."
    )
    turn = param.Integer(-35, bounds=(-180, 180), softbounds=(-180, 180), step=5, label="Turn")
    tilt = param.Integer(30, bounds=(5, 90), softbounds=(5, 90), step=5, label="Tilt")
