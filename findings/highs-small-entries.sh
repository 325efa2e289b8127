#!/usr/bin/env bash
# SciPy 1.17.1 and scikit-learn 1.9.1: linprog (HiGHS) takes the entries of a constraint matrix that are at most 1e-9 in size for
# zeros before it solves, and says nothing. Expected: a row times 1e-9 is the same constraint. Seen: max x with x <= 1 and the row
# in billionths is "unbounded" (status 3), and with x <= 10 as a bound the answer is x = 10 with status 0 and a slack that claims
# feasibility. QuantileRegressor is such a programme: a feature in metres that is measured in nanometres has the coefficient 0 and
# R^2 below 0, where least squares has .9999, without a warning.
source "$(dirname "$0")/run.sh"
install scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
expect <<'PYTHON'
import warnings

import numpy as np
from scipy.optimize import linprog
from sklearn.linear_model import LinearRegression, QuantileRegressor

warnings.simplefilter("error")
for unit in (1.0, 1e-8, 1e-9):
    free = linprog([-1.0], A_ub=[[unit]], b_ub=[unit])
    boxed = linprog([-1.0], A_ub=[[unit]], b_ub=[unit], bounds=[(0, 10)])
    print(f"{unit:g} x <= {unit:g}: status {free.status}, x = {free.x}; with x <= 10: status {boxed.status},", end=" ")
    print(f"x = {boxed.x[0]:g}, slack {boxed.slack[0]:g}, true slack {unit - unit * boxed.x[0]:g}")
    if unit > 1e-9:
        assert free.status == 0 and abs(free.x[0] - 1) < 1e-6 and abs(boxed.x[0] - 1) < 1e-6
    else:
        assert free.status == 3 and boxed.status == 0 and boxed.x[0] == 10.0

rng = np.random.default_rng(0)
size = rng.uniform(size=(200, 1))
labels = 3 * size[:, 0] + 0.01 * rng.normal(size=200)
for unit in (1.0, 1e-9):
    column = unit * size
    model = QuantileRegressor(quantile=0.5, alpha=0.0).fit(column, labels)
    square = LinearRegression().fit(column, labels)
    print(f"unit {unit:g}: median's coefficient {model.coef_[0]:.4g}, R^2 {model.score(column, labels):.4f};", end=" ")
    print(f"least squares {square.coef_[0]:.4g}, {square.score(column, labels):.4f}")
    assert (abs(model.coef_[0] - 3) < 0.01) if unit == 1.0 else (model.coef_[0] == 0.0 and square.coef_[0] > 2.9e9)
PYTHON
