#!/usr/bin/env bash
# pyscnn 0.0.10: optimize_model with its default unitize_data=True scales the columns, solves, and returns a gated network whose
# objective is not the one that was recorded. Expected: the recorded objective, 1/(2n) |f - y|^2 + lam sum_k |w_k| |a_k|, is
# that of the returned network. Seen: with unitize_data=False 0.0449 for both; by default 0.363 recorded, 0.580 returned.
source "$(dirname "$0")/run.sh"
install pyscnn==0.0.10
expect <<'PYTHON'
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
from scnn.activations import sample_gate_vectors
from scnn.metrics import Metrics
from scnn.models import ConvexGatedReLU
from scnn.optimize import optimize_model
from scnn.regularizers import NeuronGL1
from scnn.solvers import RFISTA

rng = np.random.default_rng(0)
n, lam = 60, 1e-2
X = np.column_stack([rng.normal(size=(n, 2)) * [1, 10], np.ones(n)])
y = np.sin(2 * X[:, 0]) + 0.01 * X[:, 1] ** 2
found = {}
for unitize in (False, True):
    model = ConvexGatedReLU(sample_gate_vectors(0, 3, 100))
    with redirect_stdout(StringIO()):
        network, metrics = optimize_model(
            model,
            RFISTA(model, max_iters=20000, tol=1e-8),
            Metrics(objective=True, metric_freq=100),
            X,
            y,
            regularizer=NeuronGL1(lam),
            unitize_data=unitize,
            dtype="float64",
        )
    inner, outer = (np.asarray(part) for part in network.parameters)
    loss = ((np.asarray(network(X)).ravel() - y) ** 2).sum() / (2 * n)
    returned = loss + lam * (np.linalg.norm(inner, axis=1) * abs(outer[0])).sum()
    found[unitize] = float(metrics.objective[-1]), returned
    print(f"unitize_data={unitize}: recorded {found[unitize][0]:.4f}, returned {returned:.4f}")
assert abs(found[False][0] - found[False][1]) < 1e-6
assert abs(found[True][0] - found[True][1]) > 0.1
PYTHON
