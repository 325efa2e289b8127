// Local maxima of |h| / cost in any rank by ascent from given starts.
#pragma once

#include "atoms.hpp"
#include "watch.hpp"

namespace minnorm {

// Starts are rows of (weights, bias); each is followed uphill for |h|, or for h and for -h if `both`, to a local
// maximum or for so many steps. Of starts that are still on their way when the watch ends the work nothing is returned.
Atoms ascend(const Weighted& data, const double* starts, int count, bool penalised, bool both, int max_iterations,
             int threads, Watch& watch);

}  // namespace minnorm
