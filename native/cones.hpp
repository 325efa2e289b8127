// A rigorous upper bound of sup |sum_j nu_j relu(z_j)|, z_j = u . s_j + b, by branching on simplicial cones of (u, b).
#pragma once

#include <vector>

#include "branch.hpp"

namespace minnorm {

struct Covered {
    double lower, upper;  // the best |value| met, up to rounding; a bound of the supremum over |u| <= 1
    double cells;
    bool complete;  // whether the bound is at most `target` or within `closeness` of the value
    std::vector<double>
        at;  // rows (u, b) where |h| was larger than at those before them, |u| = 1; the last is the best
};

// Starts from `lower`, a value of |h| that is attained, or 0. The bound holds whenever `watch` ends the work, which
// also ends where nothing is left above `target` or (1 + closeness) times the best value, or after `most` cells. What
// is found does not depend on `threads` unless the time is over.
Covered cover(const Branching& problem, double lower, double target, double closeness, double most, int threads,
              Watch& watch);

}  // namespace minnorm
