// Loss and gradient on the line, for points in ascending order.
//
// Neuron k is active from some point on (w_k >= 0) or up to some point: a binary search finds where, since a rounded
// w_k x + b_k is still monotone in x. The neuron then adds to a slope and a level that every later point sees as a
// running sum; the gradient needs sums of r and r x over a range, which are differences of running sums. All are in
// double.
#include <algorithm>

#include "functions.hpp"
#include "kernel.hpp"

namespace minnorm::train {

namespace {

// Where the neuron's activity changes: the first point with the activity of the last.
template <class T>
int64_t turn(T w, T b, const T* x, int64_t n) {
    const bool rising = !(w < 0);
    int64_t low = 0;
    for (int64_t left = n; left > 0;) {
        const int64_t half = left / 2;
        const bool before = (w * x[low + half] + b <= 0) == rising;
        low = before ? low + half + 1 : low;
        left = before ? left - half - 1 : half;
    }
    return low;
}

template <class Activation, class Loss, class T>
void along(const Loss& paid, const Net<T>& net, const Samples<T>& data, T* dw, T* db, T* da, double* few,
           std::byte* scratch) {
    const int64_t n = data.n;
    const Activation activation(net);
    double* slope = reinterpret_cast<double*>(scratch);
    double* level = slope + n + 1;
    auto* turns = reinterpret_cast<int64_t*>(level + n + 1);
    std::fill_n(slope, 2 * (n + 1), 0.0);
    for (int64_t k = 0; k < net.m; ++k) {
        const int64_t at = turns[k] = turn(net.w[k], net.b[k], data.points, n);
        const double a = net.a[k], steep = a * net.w[k], high = a * net.b[k];
        const double turning = activation.of(0.0, steep), lifting = activation.of(0.0, high);
        const bool rising = !(net.w[k] < 0);
        if constexpr (Activation::bent) slope[0] += activation.of(steep, 0.0), level[0] += activation.of(high, 0.0);
        if (!rising) slope[0] += turning, level[0] += lifting;
        slope[at] += rising ? turning : -turning;
        level[at] += rising ? lifting : -lifting;
        level[0] += 0 * a;  // 0, unless a is not finite: that must show even where the neuron is inactive
    }
    double steep = 0, high = 0, loss = 0, sum = 0, moment = 0;
    const double skip = net.v ? *net.v : 0;
    for (int64_t i = 0; i < n; ++i) {
        steep += slope[i], high += level[i];
        const double x = data.points[i];
        const double f = (steep + skip) * x + (high + net.c), y = static_cast<double>(data.values[i]);
        const double r = paid.slope(f, y), share = (data.weights ? data.weights[i] : 1.0) / static_cast<double>(n);
        const double back = r * (data.weights ? data.weights[i] : 1.0) / static_cast<double>(n);
        loss += paid.value(f, y, r, back, share);
        slope[i] = sum, level[i] = moment;  // from here on: sums of r and r x over earlier points
        sum += back, moment += back * x;
    }
    slope[n] = sum, level[n] = moment;
    few[0] = loss, few[1] = sum, few[2] = moment;
    for (int64_t k = 0; k < net.m; ++k) {
        const int64_t at = turns[k];
        const bool rising = !(net.w[k] < 0);
        const double g0 = activation.of(sum, rising ? sum - slope[at] : slope[at]);
        const double g1 = activation.of(moment, rising ? moment - level[at] : level[at]);
        dw[k] = static_cast<T>(net.a[k] * g1);
        db[k] = static_cast<T>(net.a[k] * g0);
        da[k] = static_cast<T>(net.w[k] * g1 + net.b[k] * g0);
    }
}

}  // namespace

size_t line_scratch(int64_t n, int64_t m) { return static_cast<size_t>(2 * (n + 1) + m) * 8; }

template <class T>
void line(const Net<T>& net, const Samples<T>& data, T* dw, T* db, T* da, double* few, std::byte* scratch) {
    with_loss(net, [&](const auto& paid) {
        if (net.rectified()) return along<Relu>(paid, net, data, dw, db, da, few, scratch);
        along<Bent<double>>(paid, net, data, dw, db, da, few, scratch);
    });
}

template void line(const Net<float>&, const Samples<float>&, float*, float*, float*, double*, std::byte*);
template void line(const Net<double>&, const Samples<double>&, double*, double*, double*, double*, std::byte*);

}  // namespace minnorm::train
