// Built without contraction to fused operations: the sum of two doubles must round as it is written.
#include "turns.hpp"

namespace minnorm {

// Each mass aims at the next value from where the rounded masses before it really lead, so rounding errors do not add
// up along the line. The running slope is kept as an unevaluated sum high + low.
void turns_to_meet(int n, const double* t, const double* y, double slope, double* masses) {
    double high = slope, low = 0, level = y[0];
    for (int i = 0; i + 1 < n; ++i) {
        const double step = t[i + 1] - t[i];
        const double mass = ((y[i + 1] - level) / step - high) - low;
        const double total = high + mass, back = total - high;
        low += (high - (total - back)) + (mass - back);
        high = total;
        level += (high + low) * step;
        masses[i] = mass;
    }
}

}  // namespace minnorm
