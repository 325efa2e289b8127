#include "arrangement.hpp"

#include <cmath>

namespace minnorm {

namespace {

constexpr double same = 1e-8;  // unit vectors closer than this are one

double distance(const Vector& a, const Vector& b) {
    double most = 0;
    for (int c = 0; c < 4; ++c) most = std::max(most, std::fabs(a[c] - b[c]));
    return most;
}

Vector combine(const std::array<Vector, 4>& axes, const Vector& u) {
    Vector out{};
    for (int c = 0; c < 4; ++c)
        for (int a = 0; a < 4; ++a) out[c] += u[a] * axes[a][c];
    return out;
}

// Two unit vectors orthogonal to the unit vector d in space and to each other (Duff et al. 2017).
void complement(const Vector& d, Vector& a, Vector& b) {
    const double s = std::copysign(1.0, d[2]), f = -1 / (s + d[2]), g = d[0] * d[1] * f;
    a = {1 + s * d[0] * d[0] * f, s * g, -s * d[0], 0};
    b = {g, s + d[1] * d[1] * f, -d[1], 0};
}

}  // namespace

bool Peaks::known(double value, const Vector& u) const {
    for (const Peak& p : kept_)
        if (std::fabs(p.value - value) <= 1e-6 * value && distance(p.u, u) <= same) return true;
    return false;
}

void Peaks::insert(double value, const Vector& u) {
    if (static_cast<int>(kept_.size()) == capacity_) kept_.pop_back();
    auto at = kept_.begin();
    while (at != kept_.end() && at->value >= value) ++at;
    kept_.insert(at, {value, u});
}

std::vector<Peak> Peaks::all() const {
    std::vector<Peak> out;
    if (best_.value > 0 && !known(best_.value, best_.u)) out.push_back(best_);
    out.insert(out.end(), kept_.begin(), kept_.end());
    return out;
}

void Arrangement::measure(const Normals& y) {
    reach_ = weight_ = 0;
    for (int k = 0; k < n_; ++k) {
        const Vector v = y[k];
        size_[k] = std::sqrt(dot(v, v));
        reach_ = std::max(reach_, size_[k]);
        weight_ += std::fabs(nu_[k]) * size_[k];
    }
    for (int k = 0; k < n_; ++k) near_[k] = 1e-10 * size_[k] + 1e-13 * reach_;
}

void Arrangement::find_flat() {
    const double *p = frame_.column[0].data(), *q = frame_.column[1].data();
    // The second term is the rounding error of differences of points.
    flats_.clear();
    for (int k = 0; k < n_; ++k) {
        const double least = 1e-12 * size_[k] + 1e-14 * reach_;
        flat_[k] = p[k] * p[k] + q[k] * q[k] <= least * least;
        if (flat_[k]) flats_.push_back(k);
    }
}

void Arrangement::circle(const Normals& y, Peaks& ridge) {
    measure(y);
    for (int c = 0; c < 2; ++c) frame_.column[c] = y.column[c];
    find_flat();
    sweep_.prepare(n_, y.column[0].data(), y.column[1].data(), nu_, flat_.data(), tilt_[0], tilt_[1]);
    sweep_.peaks([&](int sign, double x, double z, double value, int) {
        if (sign == ridge.sign()) ridge.offer(value, {x, z, 0, 0}, [] { return true; });
    });
}

// The cells next to the circle in D = 3 or 4 dimensions: with active set A, sum nu_k relu(u . y_k) = v_A . u, so
// v_A / |v_A| is the maximum if it lies in the cell. `axis` is the third coordinate of the point whose circle this is;
// in four dimensions the cells are those next to u[3] = 0.
template <int D>
void Arrangement::cells(const World& world, double axis, Peaks* plus, Peaks* minus) {
    constexpr int sides = D == 4 ? 4 : 2;
    const double* y[4];
    for (int c = 0; c < 4; ++c) y[c] = frame_.column[c].data();
    gather<D>();
    const int count = sweep_.size(), arcs = std::max(1, count);
    double flat[sides][2] = {}, all[4] = {};
    for (int c = 0; c < D; ++c) all[c] = all_[c];
    const auto on_axis = [&](int k) { return std::fabs(y[2][k]) > 1e-12 * size_[k] + 1e-14 * reach_; };
    for (int k : flats_) {
        for (int c = 2; c < D; ++c) all[c] += nu_[k] * y[c][k];
        for (int side = 0; side < sides; ++side) {
            const double e = side & 1 ? -1 : 1, f = side & 2 ? -1 : 1;
            if (on_axis(k) ? e * y[2][k] > 0 : D == 4 && f * y[3][k] > 0)
                for (int c = 2; c < D; ++c) flat[side][c - 2] += nu_[k] * y[c][k];
        }
    }
    Peaks* lists[2] = {plus, minus};
    double least[2];
    for (int m = 0; m < 2; ++m) least[m] = lists[m] ? std::pow(lists[m]->threshold(), 2) : 1e300;

    // Whether v has all the signs that arc t and the side prescribe.
    const auto inside = [&](int t, double e, double f, const Vector& v, double length) {
        const double slack = -1e-12 * reach_ * length;
        const auto along = [&](int k) {
            double z = 0;
            for (int c = 0; c < D; ++c) z += v[c] * turned_[c][k];
            return z;
        };
        for (int k = t + 1; k <= count; ++k)
            if (-along(k) < slack) return false;
        for (int k = t; k > 0; --k)
            if (along(k) < slack) return false;
        for (int k : flats_) {
            const double expected = on_axis(k) ? e * y[2][k] : D == 4 ? f * y[3][k] : 0;
            double z = 0;
            for (int c = 0; c < D; ++c) z += v[c] * y[c][k];
            if (expected * z < slack * reach_) return false;
        }
        return true;
    };
    for (int half = 0; half < 2; ++half)
        for (int side = 0; side < sides; ++side) {
            const double e = side & 1 ? -1 : 1, f = side & 2 ? -1 : 1;
            Vector shift{};
            for (int c = 0; c < D; ++c) shift[c] = (c < 2 ? 0 : flat[side][c - 2]) - (half ? all[c] : 0);
            score<D>(arcs, shift, e, f, axis < 0 ? -1 : 1, least);
            for (int t = 0; t < arcs; ++t) {
                if (score_[t] < 0) continue;
                Vector v{};
                for (int c = 0; c < D; ++c) v[c] = sums_[c][t] + shift[c];
                const int down = (D == 4 ? f * v[3] : e * v[2]) < 0;
                const double square = dot(v, v), length = std::sqrt(square);
                if (square <= least[down]) continue;
                for (double& x : v) x *= down ? -1 : 1;
                if (!inside(t, e, f, v, length)) continue;
                for (double& x : v) x *= (half ? -1 : 1) / length;
                lists[down]->offer(length, combine(world, v), [] { return true; });
                least[down] = std::pow(lists[down]->threshold(), 2);
            }
        }
}

// turned_[.][t + 1]: y of kink t, turned to be positive after it; turned_[.][0]: the antipode of the last kink.
// sums_[.][t]: v_A and the tilt on arc t, from kink t - 1 to kink t.
template <int D>
void Arrangement::gather() {
    const int count = sweep_.size();
    for (int c = 0; c < D; ++c) {
        const double* y = frame_.column[c].data();
        double *turned = turned_[c].data(), *sums = sums_[c].data();
        double start = turned_tilt_[c], total = 2 * start;
        for (int t = 0; t < count; ++t) {
            const auto& kink = sweep_.kink(t);
            turned[t + 1] = kink.enter * y[kink.point];
            const double part = nu_[kink.point] * y[kink.point];
            total += part;
            start += kink.enter < 0 ? part : 0;
        }
        turned[0] = count ? -turned[count] : 0;
        if (!count) turned[1] = 0;
        all_[c] = total;
        for (int t = 0; t < count; ++t) {
            sums[t] = start;
            start += nu_[sweep_.kink(t).point] * turned[t + 1];
        }
        if (!count) sums[0] = turned_tilt_[c];
    }
}

// score_[t] >= 0 if the maximum of arc t's cell is large enough and on the right side of the circle and of the arc's
// two ends, which hardly any is: all arcs in one loop without branches.
template <int D>
void Arrangement::score(int arcs, const Vector& shift, double e, double f, double axis, const double* least) {
    const double *x = sums_[0].data(), *y = sums_[1].data(), *z = sums_[2].data(), *w = sums_[3].data();
    const double *tx = turned_[0].data(), *ty = turned_[1].data(), *tz = turned_[2].data(), *tw = turned_[3].data();
    const double up = least[0], low = least[1], s0 = shift[0], s1 = shift[1], s2 = shift[2], s3 = shift[3];
    double* out = score_.data();
#pragma omp simd
    for (int t = 0; t < arcs; ++t) {
        const double a = x[t] + s0, b = y[t] + s1, c = z[t] + s2, d = D == 4 ? w[t] + s3 : 0;
        const double inner = D == 4 ? f * d : e * c;
        double square = a * a + b * b + c * c, left = a * tx[t] + b * ty[t] + c * tz[t];
        double right = -(a * tx[t + 1] + b * ty[t + 1] + c * tz[t + 1]);
        if (D == 4) {
            square += d * d;
            left += d * tw[t];
            right -= d * tw[t + 1];
        }
        const double sign = inner < 0 ? -1.0 : 1.0, excess = square - (inner < 0 ? low : up);
        double worst = sign * left < sign * right ? sign * left : sign * right;
        worst = worst < excess ? worst : excess;
        if (D == 4) {
            const double outer = e * axis * sign * c;
            worst = worst < outer ? worst : outer;
        }
        out[t] = worst;
    }
}

void Arrangement::circle_and_cells(const Normals& y, Peaks& ridge, Peaks& other) {
    measure(y);
    for (int c = 0; c < 3; ++c) frame_.column[c] = y.column[c];
    find_flat();
    turned_tilt_ = tilt_;
    sweep_.prepare(n_, y.column[0].data(), y.column[1].data(), nu_, flat_.data(), tilt_[0], tilt_[1]);
    sweep_.peaks([&](int sign, double x, double z, double value, int) {
        if (sign == ridge.sign()) ridge.offer(value, {x, z, 0, 0}, [] { return true; });
    });
    const World identity = {Vector{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}};
    Peaks *plus = ridge.sign() > 0 ? &ridge : &other, *minus = ridge.sign() > 0 ? &other : &ridge;
    cells<3>(identity, 1, plus, minus);
}

void Arrangement::circles(const Normals& y, Peaks& ridge, Peaks* other) {
    measure(y);
    if (other) frame_.column[3] = y.column[3];
    double *p = frame_.column[0].data(), *q = frame_.column[1].data();
    double* t = frame_.column[2].data();
    const double *y0 = y.column[0].data(), *y1 = y.column[1].data(), *y2 = y.column[2].data();
    World world{};
    world[3] = {0, 0, 0, 1};
    for (int l = 0; l < n_; ++l) {
        Vector d = {y0[l], y1[l], y2[l], 0};
        const double length = std::sqrt(dot(d, d));
        if (length <= 1e-12 * size_[l] + 1e-14 * reach_) continue;
        for (double& x : d) x /= length;
        Vector a, b;
        complement(d, a, b);
        for (int k = 0; k < n_; ++k) {
            p[k] = a[0] * y0[k] + a[1] * y1[k] + a[2] * y2[k];
            q[k] = b[0] * y0[k] + b[1] * y1[k] + b[2] * y2[k];
            t[k] = d[0] * y0[k] + d[1] * y1[k] + d[2] * y2[k];
        }
        world[0] = a;
        world[1] = b;
        world[2] = d;
        find_flat();
        turned_tilt_ = {dot(a, tilt_), dot(b, tilt_), dot(d, tilt_), tilt_[3]};
        sweep_.prepare(n_, p, q, nu_, flat_.data(), turned_tilt_[0], turned_tilt_[1]);
        if (ridge.sign() * nu_[l] < 0)
            sweep_.peaks([&](int sign, double x, double z, double value, int) {
                if (sign != ridge.sign() || value <= ridge.threshold()) return;
                const Vector there = combine(world, {x, z, 0, 0});
                ridge.offer(value, there, [&] { return is_local_maximum(y, there, sign); });
            });
        const bool up = ridge.sign() > 0;
        cells<3>(world, length, up ? &ridge : nullptr, up ? nullptr : &ridge);
        if (other) cells<4>(world, length, up ? &ridge : other, up ? other : &ridge);
    }
}

// First-order condition on the sphere of y[0..2]: the gradient of sign * h must be balanced by multipliers in [0, 1] of
// the kinks through u, all of them concave.
bool Arrangement::is_local_maximum(const Normals& y, const Vector& u, int sign) {
    Vector e1, e2;
    complement(u, e1, e2);
    double g1 = sign * dot(e1, tilt_), g2 = sign * dot(e2, tilt_);
    const double *y0 = y.column[0].data(), *y1 = y.column[1].data(), *y2 = y.column[2].data();
    const double *near = near_.data(), *nu = nu_;
    double* s = along_.data();
#pragma omp simd reduction(+ : g1, g2)
    for (int k = 0; k < n_; ++k) {
        s[k] = u[0] * y0[k] + u[1] * y1[k] + u[2] * y2[k];
        const double active = s[k] > near[k] ? sign * nu[k] : 0;
        g1 += active * (e1[0] * y0[k] + e1[1] * y1[k] + e1[2] * y2[k]);
        g2 += active * (e2[0] * y0[k] + e2[1] * y1[k] + e2[2] * y2[k]);
    }
    pins_.clear();
    for (int k = 0; k < n_; ++k) {
        if (std::fabs(s[k]) > near[k] || size_[k] <= near[k]) continue;
        if (sign * nu_[k] > 0) return false;
        pins_.push_back(k);
    }
    // Two pins at most unless the points are special: coordinate descent settles those in a step or a few.
    std::vector<double> multiplier(pins_.size(), 0.0);
    const double enough = 1e-9 * weight_;
    for (int round = 0; round < 200; ++round) {
        if (std::fabs(g1) + std::fabs(g2) <= enough) return true;
        double moved = 0;
        for (size_t c = 0; c < pins_.size(); ++c) {
            const Vector v = y[pins_[c]];
            const double w = sign * nu_[pins_[c]], a1 = w * dot(e1, v), a2 = w * dot(e2, v), aa = a1 * a1 + a2 * a2;
            if (aa == 0) continue;
            const double old = multiplier[c];
            multiplier[c] = std::min(1.0, std::max(0.0, old - (g1 * a1 + g2 * a2) / aa));
            g1 += (multiplier[c] - old) * a1;
            g2 += (multiplier[c] - old) * a2;
            moved += std::fabs(multiplier[c] - old);
        }
        if (moved < 1e-12) break;
    }
    return false;
}

}  // namespace minnorm
