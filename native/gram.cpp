#include "gram.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "parallel.hpp"
#include "wide.hpp"

namespace minnorm {

namespace {

constexpr int together = 8, block = 4, near = 4;  // points; and neurons between two running sums that are kept
constexpr double turn = 4294967296.0, two_pi = 6.283185307179586476925286766559;
constexpr std::uint32_t half_turn = 0x80000000u;

// An angle in [0, 1) turns, as a whole number. Its rounding is harmless: where the arc ends both points are at about
// the same distance from the kink, so what a neuron on the wrong side of it adds is wrong by a square of rounding.
std::uint32_t turns(double y, double x) {
    const double part = std::atan2(y, x) / two_pi;
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>((part - std::floor(part)) * turn));
}

// Neurons in the order of their angles, in whole blocks, the last ones without effect.
struct Sorted {
    int count, padded, shift = 32;
    std::vector<std::uint32_t> angle;
    std::vector<int> bucket;  // of angles: the first neuron in each
    std::vector<double> c, s, b, ratio;

    Sorted(int count, const double* neurons, const double* ratio_of) : count(count) {
        padded = (count + block) / block * block;
        std::vector<std::pair<std::uint32_t, int>> order(count);
        for (int k = 0; k < count; ++k) order[k] = {turns(neurons[3 * k + 1], neurons[3 * k]), k};
        std::sort(order.begin(), order.end());
        for (auto* part : {&c, &s, &b, &ratio}) part->assign(padded, 0.0);
        angle.assign(count + near, ~std::uint32_t{0});
        for (int k = 0; k < count; ++k) {
            const int from = order[k].second;
            angle[k] = order[k].first;
            c[k] = neurons[3 * from];
            s[k] = neurons[3 * from + 1];
            b[k] = neurons[3 * from + 2];
            ratio[k] = ratio_of[from];
        }
        while (shift > 8 && (std::uint64_t{1} << (32 - shift)) < 2 * static_cast<std::uint64_t>(count)) --shift;
        shift = std::min(shift, 31);
        bucket.assign((std::size_t{1} << (32 - shift)) + 1, count);
        std::size_t next = 0;
        for (int k = 0; k < count; ++k)
            while (next <= (angle[k] >> shift)) bucket[next++] = k;
    }

    // The number of neurons before an angle: without a branch where no more than a few are near.
    int before(std::uint32_t at) const {
        const int first = bucket[at >> shift];
        int k = first;
        for (int t = 0; t < near; ++t) k += angle[first + t] < at;
        if (k == first + near)
            while (k < count && angle[k] < at) ++k;
        return std::min(k, count);
    }
};

// Running sums of D relu(z) (w, b) for several points side by side, before each block of neurons and after the last.
struct Running {
    std::vector<double> sums;

    explicit Running(int padded) : sums(3 * together * (static_cast<std::size_t>(padded) / block + 1)) {}
};

MINNORM_WIDE void run(const Sorted& at, const double* x, const double* y, double* sums) {
    const double *c = at.c.data(), *s = at.s.data(), *b = at.b.data(), *ratio = at.ratio.data();
    double u[together] = {}, v[together] = {}, w[together] = {};
    for (int start = 0; start <= at.padded; start += block) {
        for (int r = 0; r < together; ++r) {
            sums[r] = u[r];
            sums[together + r] = v[r];
            sums[2 * together + r] = w[r];
        }
        sums += 3 * together;
        if (start == at.padded) return;
        for (int k = start; k < start + block; ++k) {
            const double ck = c[k], sk = s[k], bk = b[k], weight = ratio[k];
#pragma omp simd
            for (int r = 0; r < together; ++r) {
                const double z = ck * x[r] + sk * y[r] + bk, part = weight * (z > 0 ? z : 0);
                u[r] += part * ck;
                v[r] += part * sk;
                w[r] += part * bk;
            }
        }
    }
}

// The sums over the neurons before number k for the point (x, y) at place r, times (x_j, y_j, 1).
inline double until(const Sorted& at, const double* sums, int r, double x, double y, double xj, double yj, int k) {
    sums += 3 * together * static_cast<std::size_t>(k / block) + r;
    const int start = k / block * block;
    const double *c = at.c.data() + start, *s = at.s.data() + start, *b = at.b.data() + start,
                 *ratio = at.ratio.data() + start;
    double part[block];
    for (int t = 0; t < block; ++t) {
        const double z = c[t] * x + s[t] * y + b[t], zj = c[t] * xj + s[t] * yj + b[t];
        part[t] = start + t < k ? ratio[t] * (z > 0 ? z : 0) * zj : 0;
    }
    return sums[0] * xj + sums[together] * yj + sums[2 * together] + ((part[0] + part[1]) + (part[2] + part[3]));
}

// A row of half of the matrix: x_j . sum_{k in arc_ij} D_k relu(z_ki) theta_k
MINNORM_WIDE void row(int n, const Sorted& at, const double* sums, int r, const double* x, const double* y, int i,
                      const std::uint16_t* order, const std::uint32_t* from, double* to) {
    const double xi = x[i], yi = y[i];
    const double* all = sums + 3 * together * static_cast<std::size_t>(at.padded / block) + r;
    to[i] = 0.5 * (all[0] * xi + all[together] * yi + all[2 * together]);
    for (int t = 0; t < n - 1; ++t) {
        const int j = order[t];
        const std::uint32_t low = from[t] & ~half_turn;
        const double arc = until(at, sums, r, xi, yi, x[j], y[j], at.before(low + half_turn)) -
                           until(at, sums, r, xi, yi, x[j], y[j], at.before(low));
        to[j] = from[t] == low ? arc : all[0] * x[j] + all[together] * y[j] + all[2 * together] - arc;
    }
}

MINNORM_WIDE double seen_by(int n, const double* x, const double* y, const double* nu, double c, double s, double b) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; ++i) {
        const double z = c * x[i] + s * y[i] + b;
        sum += nu[i] * (z > 0 ? z : 0);
    }
    return sum;
}

MINNORM_WIDE double output(int count, const double* c, const double* s, const double* b, const double* masses, double x,
                           double y) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int k = 0; k < count; ++k) {
        const double z = c[k] * x + s[k] * y + b[k];
        sum += masses[k] * (z > 0 ? z : 0);
    }
    return sum;
}

}  // namespace

Gram::Gram(const Plane& plane, int threads)
    : plane_(plane), from_(static_cast<std::size_t>(plane.size()) * (plane.size() - 1)) {
    const int n = plane.size();
    const double *x = plane.x(), *y = plane.y();
    // i is behind j where w . (x_i - x_j) < 0: from a quarter turn after the direction of x_i - x_j on.
    parallel(
        n, threads, [] { return 0; },
        [&](int, int i) {
            const std::uint16_t* order = plane.order(i);
            std::uint32_t* from = from_.data() + static_cast<std::size_t>(i) * (n - 1);
            for (int t = 0; t < n - 1; ++t) {
                const int j = order[t];
                // Of both points one decides how their line's angle is rounded.
                const std::uint32_t angle = i > j ? turns(x[i] - x[j], y[j] - y[i]) : turns(x[j] - x[i], y[i] - y[j]);
                from[t] = i > j ? angle : angle + half_turn;
            }
        });
}

void Gram::product(int count, const double* neurons, const double* ratio, int threads, double* matrix) const {
    const Sorted at(count, neurons, ratio);
    const int n = plane_.size();
    const double *x = plane_.x(), *y = plane_.y();
    parallel((n + together - 1) / together, threads, [&] { return Running(at.padded); },
             [&](Running& running, int group) {
                 const int first = group * together;
                 double some_x[together], some_y[together];
                 for (int r = 0; r < together; ++r) {
                     some_x[r] = x[std::min(first + r, n - 1)];
                     some_y[r] = y[std::min(first + r, n - 1)];
                 }
                 run(at, some_x, some_y, running.sums.data());
                 for (int r = 0; r < together && first + r < n; ++r) {
                     const int i = first + r;
                     row(n, at, running.sums.data(), r, x, y, i, plane_.order(i),
                         from_.data() + static_cast<std::size_t>(i) * (n - 1),
                         matrix + static_cast<std::size_t>(i) * n);
                 }
             });
    constexpr int tile = 64;
    parallel((n + tile - 1) / tile, threads, [] { return 0; },
             [&](int, int tiles) {
                 const int first = tiles * tile, last = std::min(n, first + tile);
                 for (int start = first; start < n; start += tile)
                     for (int i = first; i < last; ++i)
                         for (int j = std::max(i, start); j < std::min(n, start + tile); ++j)
                             matrix[static_cast<std::size_t>(i) * n + j] += matrix[static_cast<std::size_t>(j) * n + i];
             });
}

void Gram::seen(int count, const double* neurons, const double* nu, int threads, double* out) const {
    constexpr int chunk = 64;
    parallel((count + chunk - 1) / chunk, threads, [] { return 0; },
             [&](int, int chunks) {
                 for (int k = chunks * chunk; k < std::min(count, (chunks + 1) * chunk); ++k)
                     out[k] = seen_by(plane_.size(), plane_.x(), plane_.y(), nu, neurons[3 * k], neurons[3 * k + 1],
                                      neurons[3 * k + 2]);
             });
}

void Gram::outputs(int count, const double* neurons, const double* masses, int threads, double* out) const {
    std::vector<double> c(count), s(count), b(count);
    for (int k = 0; k < count; ++k) {
        c[k] = neurons[3 * k];
        s[k] = neurons[3 * k + 1];
        b[k] = neurons[3 * k + 2];
    }
    parallel(
        plane_.size(), threads, [] { return 0; },
        [&](int, int i) {
            out[i] = output(count, c.data(), s.data(), b.data(), masses, plane_.x()[i], plane_.y()[i]);
        });
}

}  // namespace minnorm
