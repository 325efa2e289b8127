// Signs of some of the convex points (nu_j > 0) define a cone of (u, b). On it
//
//     nu_j relu(z_j) <= nu_j z_j or 0, by its sign, or nu_j (z_j + m_j) / 2 where |z_j| <= m_j, if it has none,
//    -|nu_j| relu(z_j) <= -|nu_j| theta_j z_j,  0 <= theta_j <= 1,                     for the concave ones,
//     0 <= lambda_j (+-z_j),  0 <= lambda_j,                                           for points with a sign,
//
// so h <= v . (u, b) + sum nu_j m_j / 2 with v = sum_j c_j (s_j, 1) and each c_j in an interval. Therefore
//
//     h <= |v_u| + reach |v_b| + sum nu_j m_j / 2      where |u| <= 1, |b| <= reach,
//
// whatever the c_j are: they are optimised in floating point, and only this line has to be right. With all signs known
// and the best c_j it is the maximum on the cell, by duality.
//
// Rounding. v is a sum of n + rows products: each coordinate errs by at most gamma_(n + rows + 2) times the sum of
// their absolute values (Higham 2002, section 3.1). The c_j are exact numbers in their intervals.

#include "branch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <queue>
#include <vector>

#include "parallel.hpp"

namespace minnorm {

namespace {

constexpr double INFINITE = std::numeric_limits<double>::infinity();
constexpr double UNIT = 0x1p-53;
constexpr int BATCH = 256;          // nodes that are split between two looks at the clock
constexpr int GLANCES = 1 << 20;    // operations between two looks at the clock
constexpr double MEMORY = 1 << 30;  // bytes of open nodes
constexpr double FLAT = 1e-10;      // of a column's length: what is left of it belongs to the others' span
constexpr double STILL = 1e-12;     // a slope that is none

constexpr double NARROWER = 0.8;  // a range whose chord errs by less than this share of what it did is worth its cost

enum State : int8_t { LOWER, UPPER, FREE, FIXED };
enum Sign : int8_t { NONE, PLUS, MINUS };

struct Node {
    double bound;
    double shift;
    int next;  // the point to be decided, -1 if none is left
    std::vector<int8_t> sign, state;
    std::vector<float> least, most;  // -least_j <= z_j <= most_j
    std::vector<int> free;
    std::vector<double> value;  // of the free columns
};

struct Less {
    bool operator()(const Node& a, const Node& b) const { return a.bound < b.bound; }
};

// What all nodes share: columns (s_j, lift), then the rows of the cone.
struct Columns {
    int n, rank, size, count;
    bool affine;
    double reach = 0, lift = 0;
    std::vector<double> at, nu, length, range;
    std::vector<double> across;  // coordinate by coordinate, divided by length + lift: for slopes only

    explicit Columns(const Branching& p)
        : n(p.n), rank(p.rank), size(p.rank + (p.affine ? 1 : 0)), count(p.n + p.rows), affine(p.affine) {
        at.assign(static_cast<size_t>(count) * size, 0.0);
        nu.assign(p.weights, p.weights + n);
        length.assign(count, 0.0);
        for (int j = 0; j < count; ++j) {
            const double* from =
                j < n ? p.points + static_cast<size_t>(j) * rank : p.cone + static_cast<size_t>(j - n) * rank;
            double square = 0;
            for (int c = 0; c < rank; ++c) {
                column(j)[c] = from[c];
                square += from[c] * from[c];
            }
            length[j] = up(std::sqrt(square)) + 0x1p-500;
            if (affine && j < n) reach = std::max(reach, length[j]);
        }
        int exponent;
        std::frexp(reach, &exponent);
        lift = affine ? std::ldexp(1.0, exponent + 4) : 0;
        range.assign(n, 0.0);
        for (int j = 0; j < n; ++j) {
            if (affine) column(j)[rank] = lift;
            range[j] = affine ? farthest(p, j) : length[j];
        }
        across.assign(static_cast<size_t>(count) * size, 0.0);
        for (int j = 0; j < count; ++j)
            for (int c = 0; c < size; ++c)
                across[static_cast<size_t>(c) * count + j] = column(j)[c] / (length[j] + lift);
    }

    double* column(int j) { return at.data() + static_cast<size_t>(j) * size; }
    const double* column(int j) const { return at.data() + static_cast<size_t>(j) * size; }
    double up(double x) const { return x * (1 + (size + 16) * UNIT); }

    double farthest(const Branching& p, int j) const {
        double most = 0;
        for (int i = 0; i < n; ++i) {
            double square = 0;
            for (int c = 0; c < rank; ++c) {
                const double t =
                    p.points[static_cast<size_t>(j) * rank + c] - p.points[static_cast<size_t>(i) * rank + c];
                square += t * t;
            }
            most = std::max(most, square);
        }
        return up(std::sqrt(most)) + 0x1p-500;
    }
};

double dot(const double* a, const double* b, int size) {
    double sum = 0;
    for (int c = 0; c < size; ++c) sum += a[c] * b[c];
    return sum;
}

// Bounded least squares: the c_j in their intervals for which v, with the shift in place of what b costs, is shortest.
class Squares {
public:
    Squares(const Columns& columns, Watch& watch)
        : a(columns), watch(watch), c(a.count), low(a.count), high(a.count), state(a.count), v(a.size), slope(a.count),
          towards(a.count), base(a.size), q(static_cast<size_t>(a.size) * a.size),
          r(static_cast<size_t>(a.size) * a.size), step(a.size), exact(a.rank) {}

    // The best bound that is found, but no better than `enough`, up to a share `close` of it; `rough` allows more where
    // `enough` is out of reach.
    double bound(double enough, double close, bool rough) {
        double best = INFINITE;
        live.clear();
        std::fill(base.begin(), base.end(), 0.0);
        for (int j = 0; j < a.count; ++j) {
            towards[j] = 0;
            if (low[j] < high[j]) live.push_back(j);
            else if (c[j] != 0) add(c[j], j, base);
        }
        factor();
        for (int round = 0; round < 12 && (round == 0 || !watch.over()); ++round) {
            best = std::min(best, descend(enough));
            if (best <= enough || !a.affine) break;
            const double off = v[a.rank] * a.lift;  // lift^2 v_b + shift
            const double lost = a.reach * std::fabs(off - shift) / (a.lift * a.lift);
            if (lost <= close * best || (rough && best - lost * 1.01 > enough)) break;
            shift = off;
        }
        return best;
    }

    const Columns& a;
    Watch& watch;
    std::vector<double> c, low, high;
    std::vector<int8_t> state;
    std::vector<int> free;
    std::vector<double> v;
    double shift = 0, constant = 0;

private:
    void add(double t, int j, std::vector<double>& to) const {
        const double* x = a.column(j);
        for (int k = 0; k < a.size; ++k) to[k] += t * x[k];
    }

    void sum() {
        v = base;
        for (int j : live)
            if (c[j] != 0) add(c[j], j, v);
        if (a.affine) v[a.rank] += shift / a.lift;
    }

    // The inequality at the top of this file for the present c, rounded up.
    double certified() {
        double size = 0, b = 0;
        std::fill(exact.begin(), exact.end(), 0.0);
        for (int j = 0; j < a.count; ++j) {
            const double t = c[j];
            if (t == 0) continue;
            const double* x = a.column(j);
            for (int k = 0; k < a.rank; ++k) exact[k] += t * x[k];
            size += std::fabs(t) * (a.length[j] + (j < a.n ? a.reach : 0));
            if (j < a.n) b += t;
        }
        const double rounding = (a.count + a.size + 16) * UNIT * (1 + 1e-9);
        double total = std::sqrt(dot(exact.data(), exact.data(), a.rank));
        if (a.affine) total += a.reach * std::fabs(b);
        return (total + constant) * (1 + rounding) + rounding * size + 0x1p-500;
    }

    bool append(int j) {
        const int f = static_cast<int>(free.size());
        if (f >= a.size) return false;
        double* x = q.data() + static_cast<size_t>(f) * a.size;
        const double* from = a.column(j);
        std::copy(from, from + a.size, x);
        const double before = std::sqrt(dot(x, x, a.size));
        for (int i = 0; i < f; ++i) r[static_cast<size_t>(i) * a.size + f] = 0;
        for (int again = 0; again < 2; ++again)
            for (int i = 0; i < f; ++i) {
                const double* y = q.data() + static_cast<size_t>(i) * a.size;
                const double t = dot(x, y, a.size);
                r[static_cast<size_t>(i) * a.size + f] += t;
                for (int k = 0; k < a.size; ++k) x[k] -= t * y[k];
            }
        const double after = std::sqrt(dot(x, x, a.size));
        if (!(after > FLAT * before)) return false;
        for (int k = 0; k < a.size; ++k) x[k] /= after;
        r[static_cast<size_t>(f) * a.size + f] = after;
        free.push_back(j);
        state[j] = FREE;
        towards[j] = 0;
        return true;
    }

    // Q and R of the free columns anew; one that depends on others stays where it is, at the nearer end.
    void factor() {
        old.swap(free);
        free.clear();
        for (int j : old)
            if (!append(j)) settle(j, c[j] - low[j] <= high[j] - c[j] ? LOWER : UPPER);
    }

    void settle(int j, State end) {
        state[j] = end;
        towards[j] = end == LOWER ? -1 : 1;
        c[j] = end == LOWER ? low[j] : high[j];
    }

    // Lets all columns that are at an end be chosen.
    void admit() {
        for (int j : live) towards[j] = state[j] == FREE ? 0 : state[j] == LOWER ? -1 : 1;
    }

    // The column whose change shortens v most, for its length; -1 if none does.
    int steepest(double least) {
        for (int k = 0; k < a.size; ++k) {
            const double* x = a.across.data() + static_cast<size_t>(k) * a.count;
            const double t = v[k];
            if (k == 0)
                for (int j = 0; j < a.count; ++j) slope[j] = t * x[j];
            else
                for (int j = 0; j < a.count; ++j) slope[j] += t * x[j];
        }
        int chosen = -1;
        for (int j : live) {
            const double gain = towards[j] * slope[j];
            if (gain > least) least = gain, chosen = j;
        }
        return chosen;
    }

    // What the bound is, up to rounding.
    double roughly() const {
        const double size = std::sqrt(dot(v.data(), v.data(), a.rank));
        return constant + size + (a.affine ? a.reach * std::fabs(v[a.rank] * a.lift - shift) / (a.lift * a.lift) : 0);
    }

    // To the least squares solution of the free columns, giving up those that meet an end.
    void project() {
        while (!free.empty()) {
            const int f = static_cast<int>(free.size());
            for (int i = f - 1; i >= 0; --i) {
                double t = -dot(q.data() + static_cast<size_t>(i) * a.size, v.data(), a.size);
                for (int k = i + 1; k < f; ++k) t -= r[static_cast<size_t>(i) * a.size + k] * step[k];
                step[i] = t / r[static_cast<size_t>(i) * a.size + i];
            }
            double t = 1;
            int hit = -1;
            for (int i = 0; i < f; ++i) {
                const int j = free[i];
                const double room = step[i] > 0 ? high[j] - c[j] : low[j] - c[j];
                if (step[i] != 0 && std::fabs(room) < t * std::fabs(step[i])) t = std::fabs(room / step[i]), hit = i;
            }
            for (int i = 0; i < f; ++i) {
                const int j = free[i];
                c[j] = std::min(std::max(c[j] + t * step[i], low[j]), high[j]);
            }
            if (hit < 0) {
                sum();
                return;
            }
            settle(free[hit], step[hit] > 0 ? UPPER : LOWER);
            free.erase(free.begin() + hit);
            factor();
            sum();
        }
    }

    double descend(double enough) {
        sum();
        project();
        double best = INFINITE, shortest = INFINITE;
        const int most = 3 * static_cast<int>(live.size()) + 50;
        const int pause = std::max(1, std::min(16, GLANCES / (a.size * (a.count + a.size * a.size))));
        bool barred = true;
        for (int round = 0; round < most; ++round) {
            const double square = dot(v.data(), v.data(), a.size);
            if (square < shortest * (1 - 1e-14)) {
                shortest = square;
                if (barred) admit();
                barred = false;
            }
            const int enter = steepest(STILL * std::sqrt(square));
            if (enter < 0) break;
            if (!append(enter)) {
                towards[enter] = 0;  // until v is shorter
                barred = true;
                continue;
            }
            project();
            if (state[enter] != FREE) {
                towards[enter] = 0;
                barred = true;
            }
            if (roughly() <= enough) {
                best = std::min(best, certified());
                if (best <= enough) return best;
            }
            if (round % pause == pause - 1 && watch.over()) break;
        }
        return std::min(best, certified());
    }

    std::vector<int> old, live;
    std::vector<double> slope, towards, base, q, r, step, exact;
};

// A node with what is needed to bound it.
class Cell {
public:
    Cell(const Columns& columns, Watch& watch) : a(columns), watch(watch), main(columns, watch), side(columns, watch) {}

    void load(const Node& from) {
        node = from;
        for (int j = 0; j < a.count; ++j) {
            interval(j);
            main.state[j] = node.state[j];
            main.c[j] = node.state[j] == UPPER ? main.high[j] : main.low[j];
        }
        main.free = node.free;
        for (size_t k = 0; k < node.free.size(); ++k) main.c[node.free[k]] = node.value[k];
        main.shift = node.shift;
    }

    void decide(int j, int8_t s) {
        node.sign[j] = s;
        (s == PLUS ? node.least : node.most)[j] = 0;
        interval(j);
        main.state[j] = s == PLUS ? LOWER : UPPER;
        main.c[j] = s == PLUS ? main.low[j] : main.high[j];
    }

    // Bounds the node, narrows ranges where that helps, and chooses the next point; a value that is attained.
    double bound(double enough) {
        node.next = -1;
        double value = 0;
        for (int round = 0; round <= 2 * a.n; ++round) {
            constants();
            node.bound = std::min(node.bound, main.bound(enough, 1e-12, round == 0 || node.next >= 0));
            if (node.bound <= enough) return value;
            double here;
            const int before = node.next;
            node.next = worst(here);
            value = std::max(value, here);
            if (node.next < 0) {
                if (round == 0 || before >= 0) continue;  // once more, finely
                break;
            }
            if (watch.over() || !narrow(node.next)) break;
        }
        store();
        return value;
    }

    Node node;

private:
    void interval(int j) {
        double& low = main.low[j];
        double& high = main.high[j];
        if (j >= a.n) {
            low = 0, high = INFINITE;
        } else if (a.nu[j] <= 0) {
            low = a.nu[j], high = 0;
        } else if (node.sign[j] == NONE) {
            low = high = a.nu[j] * slope(j);
        } else {
            low = node.sign[j] == PLUS ? a.nu[j] : -INFINITE;
            high = node.sign[j] == PLUS ? INFINITE : 0;
        }
    }

    // Of the chord of relu over the range of z_j; any number in [0, 1] gives a bound.
    double slope(int j) const {
        const double least = node.least[j], most = node.most[j];
        return most <= 0 ? 0 : most / (least + most);
    }

    // nu_j relu(z_j) - c_j z_j is largest at one of the ends of the range, as 0 <= c_j <= nu_j.
    void constants() {
        main.constant = 0;
        for (int j = 0; j < a.n; ++j)
            if (a.nu[j] > 0 && node.sign[j] == NONE) {
                const double end = std::max((a.nu[j] - main.c[j]) * node.most[j], main.c[j] * node.least[j]);
                main.constant += end * (1 + 4 * UNIT);
            }
    }

    // The undecided point that is overrated most where the bound is attained, and h there.
    int worst(double& value) {
        const std::vector<double>& v = main.v;
        const double size = std::sqrt(dot(v.data(), v.data(), a.rank));
        const bool somewhere = size > 1e-11 * node.bound;  // else only u = 0 is as good as the bound
        // With sum nu = 0 up to rounding, h is attained for any b; of one far off nothing is claimed.
        const bool near = somewhere && (!a.affine || std::fabs(v[a.rank]) * a.lift <= 1.01 * a.reach * size);
        int chosen = -1;
        double most = 0;
        value = 0;
        for (int j = 0; j < a.n; ++j) {
            double z = somewhere ? dot(a.column(j), v.data(), a.size) / size : 0;
            if (near) value += a.nu[j] * std::max(z, 0.0);
            if (a.nu[j] <= 0 || node.sign[j] != NONE) continue;
            z = std::min(std::max(z, -static_cast<double>(node.least[j])), static_cast<double>(node.most[j]));
            const double end = std::max((a.nu[j] - main.c[j]) * node.most[j], main.c[j] * node.least[j]);
            const double over = end + main.c[j] * z - a.nu[j] * std::max(z, 0.0);
            if (over > most) most = over, chosen = j;
        }
        return chosen;
    }

    // Bounds z_j and -z_j on the node; whether the range has become smaller.
    bool narrow(int j) {
        const double least = node.least[j], most = node.most[j];
        const double before = least * most / (least + most);
        for (int s : {-1, 1}) {
            for (int i = 0; i < a.count; ++i) {
                const int8_t sign = i >= a.n ? int8_t(PLUS) : a.nu[i] > 0 ? node.sign[i] : int8_t(NONE);
                side.low[i] = sign == MINUS ? -INFINITE : 0;
                side.high[i] = sign == PLUS ? INFINITE : 0;
                side.state[i] = sign == MINUS ? UPPER : LOWER;
                side.c[i] = 0;
            }
            side.low[j] = side.high[j] = side.c[j] = s;
            side.free.clear();
            side.shift = 0;
            side.constant = 0;
            float& end = s > 0 ? node.most[j] : node.least[j];
            const double found = side.bound(1e-14 * a.range[j], 1e-2, false);
            if (found < end) end = std::nextafter(static_cast<float>(found), std::numeric_limits<float>::infinity());
        }
        interval(j);
        main.c[j] = main.low[j];
        const double l = node.least[j], m = node.most[j];
        return (l + m > 0 ? l * m / (l + m) : 0) < NARROWER * before;
    }

    void store() {
        node.state = main.state;
        node.free = main.free;
        node.value.clear();
        for (int j : main.free) node.value.push_back(main.c[j]);
        node.shift = main.shift;
    }

    const Columns& a;
    Watch& watch;
    Squares main, side;
};

Node root(const Columns& a) {
    Node node{INFINITE, 0, -1, std::vector<int8_t>(a.n, NONE), std::vector<int8_t>(a.count, LOWER), {}, {}, {}, {}};
    for (int j = 0; j < a.n; ++j) {
        if (a.nu[j] > 0) node.state[j] = FIXED;
        node.least.push_back(std::nextafter(static_cast<float>(a.range[j]), std::numeric_limits<float>::infinity()));
    }
    node.most = node.least;
    return node;
}

struct Split {
    bool done = false;
    Node child[2];
    double value[2];
};

}  // namespace

Branched branch(const Branching& problem, double lower, double target, double closeness, int threads, Watch& watch) {
    const Columns columns(problem);
    std::priority_queue<Node, std::vector<Node>, Less> open;
    double closed = 0, nodes = 1, total = 0;
    for (int j = 0; j < columns.n; ++j) total += std::fabs(columns.nu[j]) * (columns.length[j] + columns.reach);
    // Bounds do not fall below their rounding.
    const auto enough = [&] {
        return std::max({target, lower * (1 + closeness), 4 * (columns.count + 64) * UNIT * total});
    };
    const auto accept = [&](Node&& node, double value) {
        lower = std::max(lower, value);
        if (node.bound <= enough() || node.next < 0) closed = std::max(closed, node.bound);
        else open.push(std::move(node));
    };
    Cell first(columns, watch);
    first.load(root(columns));
    const double value = first.bound(enough());
    accept(std::move(first.node), value);
    const size_t room =
        static_cast<size_t>(MEMORY / (sizeof(Node) + 9 * columns.n + columns.count + 12 * columns.size + 128));
    std::vector<Node> batch;
    while (!open.empty() && open.top().bound > enough() && !watch.over() && open.size() < room) {
        batch.clear();
        while (!open.empty() && static_cast<int>(batch.size()) < BATCH && open.top().bound > enough()) {
            batch.push_back(open.top());
            open.pop();
        }
        const double goal = enough();
        std::vector<Split> splits(batch.size());
        parallel(
            static_cast<int>(batch.size()), threads, [&] { return Cell(columns, watch); },
            [&](Cell& cell, int k) {
                if (watch.over()) return;
                for (int s = 0; s < 2; ++s) {
                    cell.load(batch[k]);
                    cell.decide(batch[k].next, s == 0 ? PLUS : MINUS);
                    splits[k].value[s] = cell.bound(goal);
                    splits[k].child[s] = std::move(cell.node);
                }
                splits[k].done = true;
            });
        for (size_t k = 0; k < batch.size(); ++k) {
            if (!splits[k].done) {
                open.push(std::move(batch[k]));
                continue;
            }
            nodes += 2;
            for (int s = 0; s < 2; ++s) accept(std::move(splits[k].child[s]), splits[k].value[s]);
        }
    }
    const double left = open.empty() ? 0.0 : open.top().bound;
    return {lower, std::max(closed, left), nodes, left <= enough()};
}

}  // namespace minnorm
