// Local maxima of |h| / cost in any rank by ascent from given starts.
#pragma once

#include "atoms.hpp"

namespace minnorm {

// Starts are rows of (weights, bias); each is followed uphill for h and for -h. Only local maxima are returned.
Atoms ascend(const Data& data, const double* starts, int count, bool penalised, int max_iterations, int threads);

}  // namespace minnorm
