"""By how much one function is above another at the data: for quantiles, which should not cross."""

import math

import numpy as np
import numpy.typing as npt

from minnorm.checks import check_points, instance
from minnorm.solution import Solution
from minnorm.verification import line, neurons, primal

_UP = 1 + 2.0**-50


def crossing(points: npt.ArrayLike, lower: Solution, upper: Solution) -> float:
    r"""An upper bound of max_i f(x_i) - g(x_i), 0 where f <= g at all points, whatever rounding did.

    Quantiles of a law do not cross, but fits of several are problems of their own: nothing keeps f, that of the lower
    quantile, below g, that of the higher one. This says what is proven at the data; between them it says nothing.
    Values are exact but for the last rounding on the line, and in two words with bounds of their errors elsewhere;
    infinite for neurons whose weights float64 cannot say as those of ReLU.

    Arguments: `points` (n, d), or (n,) for d = 1; `lower` and `upper`, what `fit` returned. Errors: ValueError for
    networks of other dimensions.

    >>> import minnorm as mn
    >>> x, y = [0.0, 0.0, 1.0, 1.0, 2.0, 2.0], [0.0, 1.0, 2.0, 4.0, 0.0, 2.0]
    >>> low, high = (mn.fit(x, y, 0.01, loss=f"quantile:{q}") for q in (0.2, 0.8))
    >>> crossing(x, low, high), crossing(x, high, low) > 1
    (0.0, True)

    Source: Koenker & Bassett (1978), *Regression quantiles*, for what crosses.
    """
    x = check_points(points)
    values = []
    for name, one in (("lower", lower), ("upper", upper)):
        instance(name, one, Solution, "a Solution, as mn.fit returns it")
        net = neurons.unfolded(one.network.to_numpy())
        if one.network.dim != x.shape[1]:
            took = f"the network of {name} takes {one.network.dim}"
            raise ValueError(f"points has {x.shape[1]} columns and {took}; they must agree")
        if net is None:
            return math.inf
        if net.dim == 1:
            exact = line.errors(net, x[:, 0], np.zeros(len(x)))
            values.append((np.nextafter(exact, -np.inf), np.nextafter(exact, np.inf)))
        else:
            values.append(primal.between(net, x, np.zeros(len(x))))
    above = values[0][1] - values[1][0]
    return max(0.0, float(np.max(above)) * _UP)
