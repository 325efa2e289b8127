#!/usr/bin/env bash
# scikit-learn 1.9.1: MLPRegressor divides alpha by the number of rows in the *minibatch*, so what it minimises with adam or sgd
# depends on batch_size (200 rows by default), while L-BFGS divides by all rows. Expected: alpha = n * lam means
# loss + lam/2 |W|^2 for every solver. Seen, for n = 1000 and lam = 0.01, as excess over the objective that L-BFGS reaches:
# 0.69 with adam, -0.00001 with adam and batch_size = n, 0.012 with adam and alpha = 200 * lam.
source "$(dirname "$0")/run.sh"
install scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
expect <<'PYTHON'
import numpy as np
from sklearn.neural_network import MLPRegressor

rng = np.random.default_rng(0)
n, lam = 1000, 1e-2
X = rng.normal(size=(n, 2))
y = np.sin(2 * X[:, 0]) + X[:, 1] ** 2


def objective(**options):
    model = MLPRegressor(hidden_layer_sizes=(100,), random_state=0, n_iter_no_change=10**6, **options).fit(X, y)
    return ((model.predict(X) - y) ** 2).mean() / 2 + lam / 2 * sum((w**2).sum() for w in model.coefs_)


least = objective(solver="lbfgs", alpha=n * lam, max_iter=3000, max_fun=10**6)
excess = {
    "alpha = n lam": objective(alpha=n * lam, max_iter=500) / least - 1,
    "alpha = n lam, batch_size = n": objective(
        alpha=n * lam, batch_size=n, learning_rate_init=1e-2, max_iter=2000
    ) / least - 1,
    "alpha = 200 lam": objective(alpha=200 * lam, max_iter=500) / least - 1,
}
for name, value in excess.items():
    print(f"adam, {name}: {value:.5f} over L-BFGS")
one, two, three = excess.values()
assert one > 0.3 and abs(two) < 0.05 and three < 0.1
PYTHON
