#include "space.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "order.hpp"
#include "wide.hpp"

// Wide functions have the same bits on all processors of a kind: no fused operations, and sums in one order.
#if defined(__GNUC__)
#define MINNORM_INLINE inline __attribute__((always_inline))
#else
#define MINNORM_INLINE inline
#endif

namespace minnorm {

namespace {

constexpr int lanes = 8;

inline double least(double a, double b) { return a < b ? a : b; }
inline double larger(double a, double b) { return a > b ? a : b; }

// Whether a point at (p, q) from the axis becomes active at its kink in [0, pi), as the angle grows.
inline bool enters(double p, double q) { return p < 0 || (p == 0 && q > 0); }

// The kinks of one circle in their order, [1, count]; 0 is the one before the first. `turned` is what is positive after
// the kink, everything times the sign whose maxima are looked for.
struct Kinks {
    std::vector<double> p, q, t, jump, sx, sy, sz, rr, score;

    explicit Kinks(int n) : p(n), q(n), t(n), jump(n), sx(n), sy(n), sz(n), rr(n), score(n) {}
};

MINNORM_WIDE void gather(int count, const std::uint16_t* order, const double* x, const double* y, const double* z,
                         const double* nu, const double* at, const double* a, const double* b, const double* d,
                         double sign, Kinks& to) {
    double *p = to.p.data() + 1, *q = to.q.data() + 1, *t = to.t.data() + 1, *jump = to.jump.data(), *rr = to.rr.data();
#pragma omp simd
    for (int k = 0; k < count; ++k) {
        const int j = order[k];
        const double u = x[j] - at[0], v = y[j] - at[1], w = z[j] - at[2];
        const double first = a[0] * u + a[1] * v + a[2] * w, second = b[0] * u + b[1] * v + b[2] * w;
        const double third = d[0] * u + d[1] * v + d[2] * w, e = enters(first, second) ? 1.0 : -1.0;
        p[k] = e * first;
        q[k] = e * second;
        t[k] = e * third;
        jump[k] = sign * nu[j];
        rr[k] = first * first + second * second;
    }
}

// score[k] >= 0 where there may be a maximum above the square root of `limit`: on the kink or on the arc before it,
// where the circle is on a ridge, and in the faces next to the arc, all on either half. Hardly any has one: one loop
// without branches. Returns the largest.
template <bool ridge>
MINNORM_INLINE double scored(int count, const double* all, double up, double down, double limit, Kinks& at) {
    const double *p = at.p.data(), *q = at.q.data(), *t = at.t.data(), *jump = at.jump.data(), *rr = at.rr.data();
    const double *sx = at.sx.data(), *sy = at.sy.data(), *sz = at.sz.data();
    double* score = at.score.data();
    const double ax = all[0], ay = all[1], az = all[2];
    double most = -1;
#pragma omp simd reduction(max : most)
    for (int k = 0; k < count; ++k) {
        const double p0 = p[k], q0 = q[k], t0 = t[k], p1 = p[k + 1], q1 = q[k + 1], t1 = t[k + 1];
        const double x = sx[k], y = sy[k], z = sz[k], x2 = x - ax, y2 = y - ay, z2 = z - az;
        const double here = x * x + y * y - limit, here2 = x2 * x2 + y2 * y2 - limit;
        const double l = x * p0 + y * q0, r = -(x * p1 + y * q1), l2 = x2 * p0 + y2 * q0, r2 = -(x2 * p1 + y2 * q1);
        const double zu = z + up, zd = z + down, zu2 = z2 + up, zd2 = z2 + down;
        double best = least(least(zu, l + zu * t0), least(r - zu * t1, here + zu * zu));
        best = larger(best, least(least(-zd, l + zd * t0), least(r - zd * t1, here + zd * zd)));
        best = larger(best, least(least(zu2, l2 + zu2 * t0), least(r2 - zu2 * t1, here2 + zu2 * zu2)));
        best = larger(best, least(least(-zd2, l2 + zd2 * t0), least(r2 - zd2 * t1, here2 + zd2 * zd2)));
        if (ridge) {
            // The kink is at (q, -p): slopes at the end of the arc and after it, and the value, times its length.
            const double bend = jump[k] * rr[k], enough = limit * rr[k];
            const double value = x * q1 - y * p1, value2 = x2 * q1 - y2 * p1;
            best = larger(best, least(least(-r, r - bend), least(value, value * value - enough)));
            best = larger(best, least(least(-r2, r2 - bend), least(value2, value2 * value2 - enough)));
            best = larger(best, least(least(l, r), here));
            best = larger(best, least(least(l2, r2), here2));
        }
        score[k] = best;
        most = larger(most, best);
    }
    return most;
}

MINNORM_WIDE double scores(int count, const double* all, double up, double down, double limit, bool ridge, Kinks& at) {
    return ridge ? scored<true>(count, all, up, down, limit, at) : scored<false>(count, all, up, down, limit, at);
}

// The sum over all arcs of what changes at their kinks.
MINNORM_WIDE void bends(int count, const Kinks& at, double* sum) {
    const double *p = at.p.data() + 1, *q = at.q.data() + 1, *t = at.t.data() + 1, *jump = at.jump.data();
    double part[3][lanes] = {};
    const int even = count - count % lanes;
    for (int start = 0; start < even; start += lanes)
#pragma omp simd
        for (int c = 0; c < lanes; ++c) {
            part[0][c] += jump[start + c] * p[start + c];
            part[1][c] += jump[start + c] * q[start + c];
            part[2][c] += jump[start + c] * t[start + c];
        }
    for (int s = 0; s < 3; ++s)
        for (int c = 0; c < lanes; ++c) sum[s] += part[s][c];
    for (int k = even; k < count; ++k) {
        sum[0] += jump[k] * p[k];
        sum[1] += jump[k] * q[k];
        sum[2] += jump[k] * t[k];
    }
}

}  // namespace

struct Space::Scratch {
    Kinks kinks;
    Normals y;
    Arrangement arrangement;
    double total[3] = {};

    Scratch(int n, const double* nu, const Vector& tilt) : kinks(n), y(n), arrangement(n, nu, tilt) {}
};

Space::Space(int n, const double* points, int threads, Watch& watch)
    : n_(n), points_(points, points + 3 * static_cast<std::size_t>(n)), x_(n), y_(n), z_(n),
      order_(static_cast<std::size_t>(n) * (n - 1) / 2 * (n - 2)) {
    for (int k = 0; k < n; ++k) {
        x_[k] = points[3 * k];
        y_[k] = points[3 * k + 1];
        z_[k] = points[3 * k + 2];
        for (int c = 0; c < 3; ++c) reach_ = std::max(reach_, std::fabs(points[3 * k + c]));
    }
    std::atomic<bool> general{true};
    parallel(
        n, threads, [&] { return Sorter(n - 2); },
        [&](Sorter& sorter, int i) {
            for (int l = i + 1; l < n; ++l) {
                if (watch.over() || !general) return;
                const Frame f = frame(i, l);
                auto key = sorter.keys.begin();
                for (int j = 0; j < n; ++j) {
                    if (j == i || j == l) continue;
                    const double u = x_[j] - x_[i], v = y_[j] - y_[i], w = z_[j] - z_[i];
                    const double p = f.a[0] * u + f.a[1] * v + f.a[2] * w, q = f.b[0] * u + f.b[1] * v + f.b[2] * w;
                    const double least = 1e-10 * std::sqrt(u * u + v * v + w * w) + 1e-13 * reach_;
                    if (p * p + q * q <= least * least) general = false;
                    const double across = enters(p, q) ? q : -q, up = std::fabs(p);
                    *key++ = {1 - across / (std::fabs(across) + up), j};
                }
                auto at = order_.begin() + static_cast<std::ptrdiff_t>(begin(i, l));
                for (const Key& one : sorter.sorted()) *at++ = static_cast<std::uint16_t>(one.point);
            }
        });
    general_ = general;
}

Space::Frame Space::frame(int first, int second) const {
    Frame f{};
    double square = 0;
    for (int c = 0; c < 3; ++c) {
        f.d[c] = points_[3 * second + c] - points_[3 * first + c];
        square += f.d[c] * f.d[c];
    }
    f.length = std::sqrt(square);
    for (double& x : f.d) x /= f.length;
    // Two unit vectors orthogonal to d and to each other (Duff et al. 2017).
    const double s = std::copysign(1.0, f.d[2]), g = -1 / (s + f.d[2]), h = f.d[0] * f.d[1] * g;
    const double a[3] = {1 + s * f.d[0] * f.d[0] * g, s * h, -s * f.d[0]};
    const double b[3] = {h, s + f.d[1] * f.d[1] * g, -f.d[1]};
    std::copy(a, a + 3, f.a);
    std::copy(b, b + 3, f.b);
    return f;
}

Atoms Space::atoms(const double* nu, const double* tilt, int per_pivot, int threads, Watch& watch) const {
    std::vector<Atoms> parts(n_, Atoms(3));
    const Vector tilted = {tilt[0], tilt[1], tilt[2], 0};
    parallel(
        n_, threads, [&] { return Scratch(n_, nu, tilted); },
        [&](Scratch& at, int i) {
            if (nu[i] == 0 || watch.over()) return;
            const double* x = points_.data() + 3 * static_cast<std::size_t>(i);
            double total[3] = {};
            for (int k = 0; k < n_; ++k) {
                const double part[3] = {x_[k] - x[0], y_[k] - x[1], z_[k] - x[2]};
                for (int c = 0; c < 3; ++c) {
                    at.y.column[c][k] = part[c];
                    total[c] += nu[k] * part[c];
                }
            }
            at.arrangement.measure(at.y);
            // Along b, h bends up at the kink of a point with nu > 0: only -h can have a maximum there.
            Peaks ridge(nu[i] < 0 ? 1 : -1, per_pivot);
            for (int l = 0; l < n_; ++l)
                if (l != i) on_circle(i, l, nu, tilt, total, ridge, at);
            for (const Peak& peak : ridge.all()) {
                double b = 0;
                for (int c = 0; c < 3; ++c) {
                    parts[i].at.push_back(peak.u[c]);
                    b -= peak.u[c] * x[c];
                }
                parts[i].at.push_back(b);
            }
        });
    Atoms all(3);
    for (const auto& part : parts) all.append(part);
    return all;
}

// Offers what `Arrangement::circles` finds on the circle of planes through two points and in the faces next to it.
void Space::on_circle(int pivot, int other, const double* nu, const double* tilt, const double* total, Peaks& ridge,
                      Scratch& scratch) const {
    const int m = n_ - 2, low = std::min(pivot, other), high = std::max(pivot, other);
    const Frame f = frame(low, high);
    const double sign = ridge.sign(), along = pivot == low ? f.length : -f.length;
    const std::uint16_t* order = order_.data() + begin(low, high);
    Kinks& at = scratch.kinks;
    gather(m, order, x_.data(), y_.data(), z_.data(), nu, points_.data() + 3 * static_cast<std::size_t>(pivot), f.a,
           f.b, f.d, sign, at);
    at.p[0] = -at.p[m];
    at.q[0] = -at.q[m];
    at.t[0] = -at.t[m];
    // What is active at an angle and what is at the opposite one is all but the other point.
    const double beside = sign * nu[other] * along;
    double all[3] = {}, bent[3] = {}, tilted[3] = {};
    for (int c = 0; c < 3; ++c) {
        all[0] += sign * f.a[c] * total[c];
        all[1] += sign * f.b[c] * total[c];
        all[2] += sign * f.d[c] * total[c];
        tilted[0] += sign * f.a[c] * tilt[c];
        tilted[1] += sign * f.b[c] * tilt[c];
        tilted[2] += sign * f.d[c] * tilt[c];
    }
    bends(m, at, bent);
    double vx = 0.5 * (all[0] - bent[0]) + tilted[0], vy = 0.5 * (all[1] - bent[1]) + tilted[1];
    double vz = 0.5 * (all[2] - beside - bent[2]) + tilted[2];
    for (int c = 0; c < 3; ++c) all[c] += 2 * tilted[c];
    for (int k = 0; k < m; ++k) {
        at.sx[k] = vx;
        at.sy[k] = vy;
        at.sz[k] = vz;
        vx += at.jump[k] * at.p[k + 1];
        vy += at.jump[k] * at.q[k + 1];
        vz += at.jump[k] * at.t[k + 1];
    }
    const bool on = sign * nu[other] < 0;
    const double up = along > 0 ? beside : 0, down = along > 0 ? 0 : beside;  // what is active on either side
    const double enough = ridge.threshold();
    if (scores(m, all, up, down, enough * enough, on, at) < 0) return;
    const auto world = [&](double x, double y, double z) {
        Vector u{};
        for (int c = 0; c < 3; ++c) u[c] = x * f.a[c] + y * f.b[c] + z * f.d[c];
        return u;
    };
    for (int k = 0; k < m; ++k) {
        if (at.score[k] < 0) continue;
        const double p0 = at.p[k], q0 = at.q[k], p1 = at.p[k + 1], q1 = at.q[k + 1], t1 = at.t[k + 1];
        for (int half = 0; half < 2; ++half) {
            const double x = at.sx[k] - (half ? all[0] : 0), y = at.sy[k] - (half ? all[1] : 0);
            const double z = at.sz[k] - (half ? all[2] : 0), side = half ? -1 : 1;
            const double from = x * p0 + y * q0, to = x * p1 + y * q1, value = x * q1 - y * p1, square = x * x + y * y;
            // `pull` is the slope across the circle, which a share of what the other point changes has to balance.
            const auto offer = [&](double value, double length, double c, double s, double pull) {
                if (!(value > length * ridge.threshold())) return;
                const Vector u = world(side * c / length, side * s / length, 0);
                const double slack = 1e-9 * (std::fabs(z) + std::fabs(beside));
                const bool balanced =
                    beside > 0 ? pull <= slack && pull + beside >= -slack : pull >= -slack && pull + beside <= slack;
                ridge.offer(value / length, u, [&] {
                    return balanced && scratch.arrangement.is_local_maximum(scratch.y, u, ridge.sign());
                });
            };
            if (on && to >= 0 && to + at.jump[k] * at.rr[k] <= 0)
                offer(value, std::sqrt(at.rr[k]), q1, -p1, z - to * t1 / at.rr[k]);
            if (on && from > 0 && to < 0) offer(square, std::sqrt(square), x, y, z);
            for (int below = 0; below < 2; ++below) {
                const double v[3] = {x, y, z + (below ? down : up)};
                if (below ? v[2] >= 0 : v[2] <= 0) continue;
                if (from + v[2] * at.t[k] <= 0 || to + v[2] * t1 >= 0) continue;
                const double length = std::sqrt(square + v[2] * v[2]);
                if (length <= ridge.threshold() || !inside(scratch, k, v, length)) continue;
                const double by = side / length;
                ridge.offer(length, world(by * v[0], by * v[1], by * v[2]), [] { return true; });
            }
        }
    }
}

// Whether v has all the signs that an arc prescribes.
bool Space::inside(const Scratch& scratch, int arc, const double* v, double length) const {
    const Kinks& at = scratch.kinks;
    const double slack = -1e-12 * scratch.arrangement.reach() * length;
    const auto beyond = [&](int k) { return v[0] * at.p[k] + v[1] * at.q[k] + v[2] * at.t[k]; };
    for (int k = arc + 1; k <= n_ - 2; ++k)
        if (-beyond(k) < slack) return false;
    for (int k = arc; k > 0; --k)
        if (beyond(k) < slack) return false;
    return true;
}

}  // namespace minnorm
