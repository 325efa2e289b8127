// A rigorous upper bound of sup sum_j nu_j relu(z_j), z_j = u . s_j + b, by branching on signs of the z_j with nu_j >
// 0.
#pragma once

#include "watch.hpp"

namespace minnorm {

struct Branching {
    int n, rank, rows;
    const double* points;   // s, n x rank
    const double* weights;  // nu
    const double* cone;     // rows x rank: only u with row . u >= 0 need be looked at
    bool affine;            // b = -u . s_i for some i, else b = 0
};

struct Branched {
    double lower, upper;  // the best value met, up to rounding; a bound of the supremum over |u| <= 1
    double nodes;
    bool complete;
};

// Starts from `lower`, a value that is attained, or 0. Cells are given up that are not above `target` or (1 +
// closeness) times the best value; the bound holds whenever `watch` ends the work. Source: branch and bound for
// piecewise linear networks (Bunel, Lu, Turkaslan, Torr, Kohli & Kumar 2020), here on the cones on which the kinks
// split the space of neurons.
Branched branch(const Branching& problem, double lower, double target, double closeness, int threads, Watch& watch);

}  // namespace minnorm
