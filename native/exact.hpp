// The exact oracles by bias convention. Points with nu = 0 must have been dropped.
#pragma once

#include "atoms.hpp"
#include "watch.hpp"

namespace minnorm {

// Rank 2 or 3: for every data point the best atoms with their kink on it, as far as the watch lets the work go on.
Atoms exact_free(const Weighted& data, int per_pivot, int threads, Watch& watch);

// Rank 1: all local maxima. Rank 2 or 3: for every data point the best atoms with their kink on it, and of both signs
// the best in the cells next to its hyperplane.
Atoms exact_penalised(const Weighted& data, int per_pivot, int threads, Watch& watch);

}  // namespace minnorm
