#include "plane.hpp"

#include <algorithm>
#include <cmath>

#include "order.hpp"
#include "wide.hpp"

// Wide functions have the same bits on all processors of a kind: no fused operations, and sums in one order.

namespace minnorm {

namespace {

constexpr int block = 256, lanes = 8;

// Whether a point at (a, b) from the pivot becomes active at its kink in [0, pi), as the angle grows.
inline bool enters(double a, double b) { return a < 0 || (a == 0 && b > 0); }

// Sums of nu (x - x_i) over all points, and over those active just before the angle 0, which enter at none.
struct Sums {
    double all_x, all_y, first_x, first_y;
};

MINNORM_WIDE Sums sums_of(int n, const double* x, const double* y, const double* nu, double xi, double yi) {
    double part[4][lanes] = {};
    const int even = n - n % lanes;
    for (int start = 0; start < even; start += lanes)
#pragma omp simd
        for (int c = 0; c < lanes; ++c) {
            const double a = x[start + c] - xi, b = y[start + c] - yi, w = nu[start + c];
            const double active = a > 0 || (a == 0 && b < 0) ? w : 0;
            part[0][c] += w * a;
            part[1][c] += w * b;
            part[2][c] += active * a;
            part[3][c] += active * b;
        }
    double sum[4] = {};
    for (int s = 0; s < 4; ++s)
        for (int c = 0; c < lanes; ++c) sum[s] += part[s][c];
    for (int k = even; k < n; ++k) {
        const double a = x[k] - xi, b = y[k] - yi, active = a > 0 || (a == 0 && b < 0) ? nu[k] : 0;
        sum[0] += nu[k] * a;
        sum[1] += nu[k] * b;
        sum[2] += active * a;
        sum[3] += active * b;
    }
    return {sum[0], sum[1], sum[2], sum[3]};
}

// One block of the kinks on a circle, everything times the sign whose maxima are looked for; kink -1 is the one before.
struct Block {
    alignas(64) double x_[block + lanes], y_[block + lanes], jx[block], jy[block], sx[block], sy[block], rr[block];
    alignas(64) unsigned char hit[block];
    double *cx = x_ + lanes, *cy = y_ + lanes;
};

MINNORM_WIDE void gather(int count, const std::uint16_t* order, const double* x, const double* y, const double* nu,
                         double xi, double yi, double sign, Block& at) {
    double *cx = at.cx, *cy = at.cy;
#pragma omp simd
    for (int t = 0; t < count; ++t) {
        const int j = order[t];
        const double a = x[j] - xi, b = y[j] - yi, e = enters(a, b) ? 1.0 : -1.0, g = sign * nu[j] * e;
        cx[t] = e * b;
        cy[t] = -e * a;
        at.jx[t] = g * a;
        at.jy[t] = g * b;
        at.rr[t] = a * a + b * b;
    }
}

// Which of them have a maximum above the square root of `limit`: on the kink (1) or on the arc before it (2), and so
// on the other half of the circle (4, 8), where the active set is the complement. Whether any has.
MINNORM_WIDE int look(int count, double tx, double ty, double limit, Block& at) {
    const double *cx = at.cx, *cy = at.cy;
    int any = 0;
#pragma omp simd reduction(| : any)
    for (int t = 0; t < count; ++t) {
        const double ax = at.sx[t], ay = at.sy[t], px = ax - tx, py = ay - ty;
        const double c0 = cx[t - 1], c1 = cy[t - 1], d0 = cx[t], d1 = cy[t], least = limit * at.rr[t];
        const double v = ax * d0 + ay * d1, w = px * d0 + py * d1, jump = at.jy[t] * d0 - at.jx[t] * d1;
        const double from = ay * c0 - ax * c1, to = ay * d0 - ax * d1;
        const double from2 = py * c0 - px * c1, to2 = py * d0 - px * d1;
        const int kink = (to >= 0) & (to + jump <= 0) & (v > 0) & (v * v > least);
        const int kink2 = (to2 >= 0) & (to2 + jump <= 0) & (w > 0) & (w * w > least);
        const int arc = (from > 0) & (to < 0) & (ax * ax + ay * ay > limit);
        const int arc2 = (from2 > 0) & (to2 < 0) & (px * px + py * py > limit);
        const int h = kink | (arc << 1) | (kink2 << 2) | (arc2 << 3);
        at.hit[t] = static_cast<unsigned char>(h);
        any |= h;
    }
    return any;
}

// The best few maxima of a circle.
struct Few {
    Peaks& ridge;

    double least() const { return ridge.threshold(); }
    void operator()(double side, double x, double y, double length, double value, int) {
        ridge.offer(value / length, {side * x / length, side * y / length, 0, 0}, [] { return true; });
    }
};

// All maxima of a circle above a value.
struct Every {
    struct One {
        double u, v, value;
        int partner;
    };
    double limit;
    std::vector<One> found;

    double least() const { return limit; }
    void operator()(double side, double x, double y, double length, double value, int partner) {
        found.push_back({side * x / length, side * y / length, value / length, partner});
    }
};

}  // namespace

Plane::Plane(int n, const double* points, int threads, Watch& watch)
    : n_(n), points_(points, points + 2 * static_cast<size_t>(n)), x_(n), y_(n),
      order_(static_cast<size_t>(n) * (n - 1)) {
    for (int k = 0; k < n; ++k) {
        x_[k] = points[2 * k];
        y_[k] = points[2 * k + 1];
    }
    parallel(
        n, threads, [&] { return Sorter(n - 1); },
        [&](Sorter& sorter, int i) {
            if (watch.over()) return;
            auto key = sorter.keys.begin();
            for (int j = 0; j < n; ++j) {
                if (j == i) continue;
                const double a = x_[j] - x_[i], b = y_[j] - y_[i];
                const double across = enters(a, b) ? b : -b, up = std::fabs(a);
                *key++ = {1 - across / (std::fabs(across) + up), j};
            }
            auto at = order_.begin() + static_cast<std::ptrdiff_t>(i) * (n - 1);
            for (const Key& one : sorter.sorted()) *at++ = static_cast<std::uint16_t>(one.point);
        });
}

Atoms Plane::atoms(const double* nu, const double* tilt, int per_pivot, int threads, Watch& watch) const {
    std::vector<Atoms> parts(n_, Atoms(2));
    parallel(
        n_, threads, [] { return 0; },
        [&](int, int i) {
            if (nu[i] == 0 || watch.over()) return;
            // Along b, h bends up at the kink of a point with nu > 0: only -h can have a maximum there.
            Peaks ridge(nu[i] < 0 ? 1 : -1, per_pivot);
            Few offer{ridge};
            on_circle(i, nu, tilt, ridge.sign(), offer);
            for (const Peak& peak : ridge.all())
                parts[i].at.insert(parts[i].at.end(), {peak.u[0], peak.u[1], -peak.u[0] * x_[i] - peak.u[1] * y_[i]});
        });
    Atoms all(2);
    for (const auto& part : parts) all.append(part);
    return all;
}

Plane::Maxima Plane::maxima(const double* nu, double least, int threads, Watch& watch) const {
    const double level[2] = {};
    std::vector<Every> parts(n_, Every{least, {}});
    parallel(
        n_, threads, [] { return 0; },
        [&](int, int i) {
            if (nu[i] != 0 && !watch.over()) on_circle(i, nu, level, nu[i] < 0 ? 1.0 : -1.0, parts[i]);
        });
    Maxima all;
    for (int i = 0; i < n_; ++i)
        for (const Every::One& one : parts[i].found) {
            all.at.insert(all.at.end(), {one.u, one.v, -one.u * x_[i] - one.v * y_[i]});
            all.values.push_back(nu[i] < 0 ? one.value : -one.value);
            all.pivots.push_back(i);
            all.partners.push_back(one.partner);
        }
    return all;
}

// Calls offer(value, x, y, partner) with the local maxima of sign * h on a point's circle.
template <class Offer>
void Plane::on_circle(int i, const double* nu, const double* tilt, double sign, Offer& offer) const {
    const int m = n_ - 1;
    const std::uint16_t* order = order_.data() + static_cast<size_t>(i) * m;
    const double xi = x_[i], yi = y_[i];
    const Sums sums = sums_of(n_, x_.data(), y_.data(), nu, xi, yi);
    // The tilt is on both halves: once in v_A, and twice in what is taken off on the other half.
    const double tx = sign * (sums.all_x + 2 * tilt[0]), ty = sign * (sums.all_y + 2 * tilt[1]);
    double vx = sign * (sums.first_x + tilt[0]), vy = sign * (sums.first_y + tilt[1]);
    Block at;
    const int last = order[m - 1];
    const double a = x_[last] - xi, b = y_[last] - yi, e = enters(a, b) ? 1 : -1;
    at.cx[-1] = -e * b;
    at.cy[-1] = e * a;
    for (int first = 0; first < m; first += block) {
        const int count = std::min(block, m - first);
        gather(count, order + first, x_.data(), y_.data(), nu, xi, yi, sign, at);
        for (int t = 0; t < count; ++t) {
            at.sx[t] = vx;
            at.sy[t] = vy;
            vx += at.jx[t];
            vy += at.jy[t];
        }
        const double least = offer.least();
        if (look(count, tx, ty, least * least, at))
            for (int t = 0; t < count; ++t)
                for (int half = 0; half < 2 && at.hit[t]; ++half) {
                    const int hit = at.hit[t] >> (2 * half);
                    const double x = at.sx[t] - (half ? tx : 0), y = at.sy[t] - (half ? ty : 0), side = half ? -1 : 1;
                    const double square = x * x + y * y, cx = at.cx[t], cy = at.cy[t];
                    if (hit & 2) offer(side, x, y, std::sqrt(square), square, -1);
                    if (hit & 1) offer(side, cx, cy, std::sqrt(at.rr[t]), x * cx + y * cy, order[first + t]);
                }
        at.cx[-1] = at.cx[count - 1];
        at.cy[-1] = at.cy[count - 1];
    }
}

}  // namespace minnorm
