// A broken line as a sum of ramps.
#pragma once

namespace minnorm {

// masses[i], i < n - 1, with y_0 + slope (x - t_0) + sum_i masses[i] relu(x - t_i) = y_j at t_j.
void turns_to_meet(int n, const double* t, const double* y, double slope, double* masses);

}  // namespace minnorm
