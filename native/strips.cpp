// h(w, b) = sum_j nu_j relu(z_j), z_j = w . x_j + b, for w in a sector of the circle: strips of cells, each a sector
// times an interval of b. Many points cost little: a strip takes O(n) operations, without sorting.
//
// With w = cos(psi) e + sin(psi) f, |psi| <= eta, t = e . x_j and s = f . x_j, z_j = t cos(psi) + s sin(psi) + b ranges
// over an interval [lo, hi] on a cell. If it does not contain 0 the point is linear there. If it does, for any lambda
// in [0, 1]
//
//    -|nu_j| relu(z) <= -|nu_j| lambda z,      |nu_j| relu(z) <= |nu_j| lambda (z - lo)    if lambda >= hi / (hi - lo),
//
// the second because relu is convex and below its chord. So h <= C + V . (cos psi, sin psi) + m b on the cell, whose
// maximum is known. All cells of a strip share running sums of what is linear from some b on. Strips with a cell above
// the goal are halved in angle, on the interval of b where there are such cells, or in b where that interval is long
// for so narrow a sector; what is given up is quadratic in the width wherever many points make h smooth.
//
// Rounding. Sectors overlap by far more than angles err. With T = sum |nu_j| (|x_j| + B), B >= |b|, each z_j errs by at
// most 16 u (|x_j| + B), and so does relu of it, and where a sign or the end of an open interval is decided wrongly by
// that, a term is off by no more than |nu_j| times it. Running sums over n points and K cells err by
// gamma_(n + K + 8) sum |nu_j| (|t| + |s| + 1 B), as do the constants (Higham 2002, section 3.1). Together every bound
// is right up to (8 (n + K) + 512) u T, which is added; signs of +h and -h are treated alike.

#include "strips.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <queue>
#include <vector>

#include "parallel.hpp"

namespace minnorm {

namespace {

constexpr double UNIT = 0x1p-53, PI = 3.14159265358979323846;
constexpr int FIRST = 5;                 // binary logarithm of the number of sectors to begin with
constexpr int LAST = 30;                 // and of the most
constexpr int CELLS = 4096, FEWEST = 8;  // of a strip
constexpr int BATCH = 32;                // strips between two looks at the best value

struct Strip {
    double bound;
    int level;
    int64_t sector;    // of 2^level
    double low, high;  // of b

    bool operator<(const Strip& other) const {
        if (bound != other.bound) return bound < other.bound;
        if (level != other.level) return level > other.level;
        if (sector != other.sector) return sector > other.sector;
        return low > other.low;
    }
};

struct Points {
    int n;
    std::vector<double> x, y, nu;
    double reach = 0;   // of b
    double spread = 0;  // of points, about
    double error = 0;   // of every bound

    explicit Points(const Planar& p) : n(p.n), x(p.n), y(p.n), nu(p.weights, p.weights + p.n) {
        double total = 0, mass = 0, square = 0;
        for (int j = 0; j < n; ++j) {
            x[j] = p.points[2 * static_cast<size_t>(j)];
            y[j] = p.points[2 * static_cast<size_t>(j) + 1];
            const double size = std::hypot(x[j], y[j]);
            reach = std::max(reach, size);
            total += std::fabs(nu[j]) * size;
            mass += std::fabs(nu[j]);
            square += size * size;
        }
        reach = reach * (1 + 0x1p-40) + (reach > 0 ? 0x1p-1000 : 0);
        spread = std::max(std::sqrt(square / std::max(1, 2 * n)), 0x1p-20 * reach);
        error = (8.0 * (n + CELLS) + 512) * UNIT * 1.01 * (total + mass * reach) + 0x1p-1000;
    }

    double value(double c, double s, double b) const {
        double sum = 0;
        for (int j = 0; j < n; ++j) sum += nu[j] * std::max(c * x[j] + s * y[j] + b, 0.0);
        return sum;
    }
};

// What a strip is bounded by: the largest bound of its cells, the b of those above a goal, and a value of |h| that is
// attained near its best cell.
struct Bounded {
    double upper = 0, low = 0, high = 0, value = 0;
};

class Worker {
public:
    explicit Worker(const Points& points) : p(points) {}

    Bounded bound(const Strip& strip, double goal) {
        const double turn = 2 * PI / static_cast<double>(int64_t{1} << strip.level);
        const double angle = (static_cast<double>(strip.sector) + 0.5) * turn;
        eta_ = 0.5 * turn * (1 + 1e-9) + 1e-14;
        c_ = std::cos(angle), s_ = std::sin(angle);
        low_ = strip.low, high_ = strip.high;
        if (!(high_ - low_ > 0x1p-45 * p.reach)) low_ -= 0x1p-46 * p.reach, high_ += 0x1p-46 * p.reach;
        cells_ = static_cast<int>(std::clamp(std::ceil((high_ - low_) / (eta_ * p.spread)), static_cast<double>(FEWEST),
                                             static_cast<double>(CELLS)));
        step_ = (high_ - low_) / cells_;
        for (auto* part : {&vx_, &vy_, &m_, &jx_, &jy_, &jm_, &plus_, &minus_}) part->assign(cells_ + 1, 0.0);
        gather();
        return judge(goal);
    }

private:
    // Where cell i begins.
    double begin(int i) const { return i == cells_ ? high_ : low_ + i * step_; }

    void gather() {
        const double sine = std::sin(eta_), cosine = std::cos(eta_), per = 1 / step_;
        for (int j = 0; j < p.n; ++j) {
            const double t = c_ * p.x[j] + s_ * p.y[j], s = c_ * p.y[j] - s_ * p.x[j], nu = p.nu[j];
            const double swing = std::fabs(s) * sine;
            const double least = (t >= 0 ? t * cosine : t) - swing, most = (t >= 0 ? t : t * cosine) + swing;
            // Open in cells that begin below -least and end above -most.
            const double from = std::floor((-most - low_) * per), to = std::ceil((-least - low_) * per);
            const int first = static_cast<int>(std::clamp(from, 0.0, static_cast<double>(cells_)));
            const int last = static_cast<int>(std::clamp(to, 0.0, static_cast<double>(cells_)));
            const double nt = nu * t, ns = nu * s, size = std::fabs(nu);
            jx_[last] += nt, jy_[last] += ns, jm_[last] += nu;
            double* constant = (nu > 0 ? plus_ : minus_).data();
            const double width = most - least + step_;
            for (int i = first; i < last; ++i) {
                const double lo = std::min(least + begin(i), 0.0);
                const double share = std::clamp((most + begin(i + 1)) / width, 0.0, 1.0);
                vx_[i] += share * nt, vy_[i] += share * ns, m_[i] += share * nu;
                constant[i] -= share * lo * size;
            }
        }
    }

    Bounded judge(double goal) {
        const double sine = std::sin(eta_), cosine = std::cos(eta_), slope = std::tan(eta_);
        Bounded found;
        found.low = high_, found.high = low_;
        double x = 0, y = 0, m = 0, best = 0, best_angle = 0, best_b = low_;
        for (int i = 0; i < cells_; ++i) {
            x += jx_[i], y += jy_[i], m += jm_[i];
            const double from = begin(i), to = begin(i + 1);
            for (int sign : {1, -1}) {
                const double vx = sign * (x + vx_[i]), vy = sign * (y + vy_[i]), rise = sign * (m + m_[i]);
                const bool inside = vx > 0 && std::fabs(vy) <= vx * slope;
                const double b = rise > 0 ? to : from;
                const double linear = (inside ? std::hypot(vx, vy) : vx * cosine + std::fabs(vy) * sine) + rise * b;
                const double upper = linear + (sign > 0 ? plus_ : minus_)[i] + p.error;
                if (upper > goal) found.low = std::min(found.low, from), found.high = std::max(found.high, to);
                found.upper = std::max(found.upper, upper);
                if (linear > best) {
                    best = linear;
                    best_angle = inside ? std::atan2(vy, vx) : (vy > 0 ? eta_ : -eta_);
                    best_b = b;
                }
            }
        }
        if (best > 0 && found.upper > goal) {
            const double c = std::cos(best_angle), s = std::sin(best_angle);
            found.value = std::fabs(p.value(c * c_ - s * s_, c * s_ + s * c_, best_b));
        }
        return found;
    }

    const Points& p;
    double eta_ = 0, c_ = 1, s_ = 0, low_ = 0, high_ = 0, step_ = 0;
    int cells_ = 0;
    std::vector<double> vx_, vy_, m_;   // of open points, cell by cell
    std::vector<double> jx_, jy_, jm_;  // of points that are active from a cell on
    std::vector<double> plus_, minus_;  // constants of the bounds of h and of -h
};

}  // namespace

Striped stripe(const Planar& problem, double lower, double target, double closeness, int threads, Watch& watch) {
    const Points points(problem);
    Striped result{lower, 0, 0, false};
    const auto goal = [&] { return std::max(target, result.lower * (1 + closeness)); };
    if (!(points.reach > 0)) {  // all points in one place
        result.upper = points.error;
        result.complete = true;
        return result;
    }
    std::priority_queue<Strip> open;
    double closed = 0, most = points.error;
    for (int j = 0; j < points.n; ++j)
        most += std::fabs(points.nu[j]) * (std::hypot(points.x[j], points.y[j]) + points.reach) * (1 + 0x1p-40);
    for (int k = 0; k < 1 << FIRST; ++k) open.push({most, FIRST, k, -points.reach, points.reach});
    while (!open.empty() && open.top().bound > goal() && !watch.over()) {
        std::vector<Strip> batch;
        while (!open.empty() && static_cast<int>(batch.size()) < BATCH && open.top().bound > goal()) {
            batch.push_back(open.top());
            open.pop();
        }
        const double wanted = goal();
        std::vector<Bounded> found(batch.size());
        std::vector<unsigned char> done(batch.size(), 0);
        parallel(
            static_cast<int>(batch.size()), threads, [&] { return Worker(points); },
            [&](Worker& worker, int k) {
                if (watch.over()) return;
                found[k] = worker.bound(batch[k], wanted);
                done[k] = 1;
            });
        for (size_t k = 0; k < batch.size(); ++k) {
            Strip& strip = batch[k];
            if (!done[k]) {
                open.push(strip);
                continue;
            }
            ++result.strips;
            result.lower = std::max(result.lower, found[k].value);
            const double bound = std::min(strip.bound, found[k].upper);
            if (bound <= wanted || strip.level == LAST) {
                closed = std::max(closed, bound);
                continue;
            }
            closed = std::max(closed, std::min(bound, wanted));  // of its cells that are given up
            const double low = found[k].low, high = found[k].high;
            if (high - low > CELLS * points.spread * PI / static_cast<double>(int64_t{1} << strip.level)) {
                // Cells are as many as they may be, and coarser than the sector: a narrower one would not help.
                const double middle = low + 0.5 * (high - low);
                open.push({bound, strip.level, strip.sector, low, middle});
                open.push({bound, strip.level, strip.sector, middle, high});
                continue;
            }
            for (int64_t half : {0, 1}) open.push({bound, strip.level + 1, 2 * strip.sector + half, low, high});
        }
    }
    result.upper = std::max(closed, open.empty() ? 0.0 : open.top().bound);
    result.complete = result.upper <= goal();
    return result;
}

}  // namespace minnorm
