// A rigorous upper bound of sup |sum_j nu_j relu(w . x_j + b)| over unit w in the plane and b = -w . x_i for some i.
#pragma once

#include "watch.hpp"

namespace minnorm {

struct Planar {
    int n;
    const double* points;   // n x 2
    const double* weights;  // nu
};

struct Striped {
    double lower, upper;  // the best |value| met, up to rounding; a bound of the supremum
    double strips;
    bool complete;  // whether the bound is at most `target` or within `closeness` of the value
};

// Starts from `lower`, a value of |h| that is attained, or 0. The bound holds whenever `watch` ends the work, which
// also ends where nothing is left above `target` or (1 + closeness) times the best value. What is found does not depend
// on `threads` unless the time is over.
Striped stripe(const Planar& problem, double lower, double target, double closeness, int threads, Watch& watch);

}  // namespace minnorm
