// The exact oracles by bias convention. Points with nu = 0 must have been dropped.
#pragma once

#include "atoms.hpp"

namespace minnorm {

// Rank 2 or 3: for every data point the best atoms with their kink on it.
Atoms exact_free(const Data& data, int per_pivot, int threads);

// Rank 1: all local maxima. Rank 2 or 3: for every data point the best atoms with their kink on it, and of both signs
// the best in the cells next to its hyperplane.
Atoms exact_penalised(const Data& data, int per_pivot, int threads);

}  // namespace minnorm
