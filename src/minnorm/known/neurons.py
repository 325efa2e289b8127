"""Problems whose neurons are not ReLU, as problems whose neurons are."""

import dataclasses

import numpy as np

from minnorm.objective.problem import Problem
from minnorm.solution import Solution


def closed_form(problem: Problem) -> bool:
    """Whether the neurons are not ReLU, no linear term is free, and `known.line` knows the minimum all the same."""
    penalty, x = problem.penalty, problem.points
    alone = not (penalty.activation.rectifies or penalty.affine_is_free)
    known = penalty.biases_are_free and penalty.has_offset and x.shape[1] == 1
    return alone and known and problem.lam == 0 and bool(np.min(x) < np.max(x))


def with_relu(problem: Problem) -> Problem:
    r"""The problem of ReLU that has the same functions for minimisers, where a term v . x + c is free.

        sigma(z) = plus relu(z) + minus relu(-z) = s relu(z) - minus z,    [f]_sigma = [f]_relu / |s|

    so that lam becomes lam / |s|. Where one of these terms costs, the problem is left as it is.

    >>> from minnorm.objective.norm import PathNorm
    >>> with_relu(Problem([0.0, 1.0], [0.0, 1.0], PathNorm(skip="free", activation="abs"), 0.5)).lam
    0.25
    """
    penalty = problem.penalty
    if penalty.activation.rectifies or not penalty.affine_is_free:
        return problem
    return problem.changed(penalty=penalty.of_relu, lam=problem.lam / abs(penalty.activation.bend))


def with_neurons_of(problem: Problem, solution: Solution) -> Solution:
    """A solution of `with_relu(problem)`, as one of the problem: see `ShallowReLU.with_neurons`."""
    sigma = problem.penalty.activation
    if solution.network.activation == sigma:
        return solution
    network = solution.network.with_neurons(sigma)
    offset = float(network.offset)
    if not problem.penalty.has_offset and offset:  # a neuron that is constant costs nothing
        network = dataclasses.replace(
            network,
            inner_weights=np.concatenate([network.inner_weights, np.zeros((1, network.dim))]),
            biases=np.append(network.biases, 1.0 if sigma.plus else -1.0),
            outer_weights=np.append(network.outer_weights, offset / (sigma.plus or sigma.minus)),
            offset=np.asarray(0.0),
        )
    dual = solution.dual if problem.lam > 0 else solution.dual / abs(sigma.bend)
    return dataclasses.replace(solution, network=network, dual=dual, penalty=problem.penalty, lam=problem.lam)
