// h(u, b) = sum_j nu_j relu(u . s_j + b) on the cone of q = sum_k a_k q_k, a_k >= 0, with vertices q_k = (u_k, b_k).
//
// A point whose sign is the same at all vertices is linear on the cone; relu is convex and homogeneous, so
//
//     nu_j relu(q . z_j) <= sum_k a_k nu_j relu(q_k . z_j)      for the other convex ones (nu_j > 0), z_j = (s_j, 1),
//    -|nu_j| relu(q . z_j) <= -|nu_j| theta_j q . z_j           for the concave ones, 0 <= theta_j <= 1.
//
// Together h <= sum_k a_k U_k, and with any p for which p . u_k >= U_k at all vertices h <= p . u <= |p| |u|. The best
// theta and p are a least squares problem with bounds in as many dimensions as q has (`shortest.hpp`); they give the
// maximum itself where no convex point is left open. Cells are split at the midpoint of an edge.
//
// Rounding. The first cells are an orthant's simplex |u|_1 = 1 with b in a range, and a midpoint is only taken where it
// is exact, so that cells tile all of space: all u_k have |u_k|_1 = 1, so |u_k| <= 1, sum_k a_k = |u|_1 <= sqrt(rank)
// |u|, and |b_k| <= B. A product q_k . z_j errs by at most gamma_size (|s_j| + B), and so does relu of it, a sign that
// it decides, and what a settled point's sign makes of others. Each point is added once to the linear form, in some
// order. With T = sum |nu_j| (|s_j| + B) every U_k is right up to gamma_(2 n + 8 size + 64) T (Higham 2002, section
// 3.1), which is added, and
//
//     sup h <= |p| + sqrt(rank) max(0, max_k (U_k - p . u_k))      on the cone, for any p, however it was found.

#include "cones.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <queue>

#include "parallel.hpp"
#include "shortest.hpp"

namespace minnorm {

namespace {

constexpr double INFINITE = std::numeric_limits<double>::infinity();
constexpr double UNIT = 0x1p-53;
constexpr double MEMORY = 1 << 30;  // bytes of open cells
constexpr int BATCH = 64;           // cells that are refined between two looks at the best value
constexpr int DEEP = 32;            // splits of each of them
constexpr int GRAIN = 22;           // binary digits of the range of b
constexpr double LIFT = 32;         // how much more b counts than its range says, to begin with
constexpr double ROUND = 0.02;      // how much long edges count beside those that many kinks cross

struct Cell {
    double bound;
    int8_t sign;
    std::vector<double> q;    // vertices, size x size
    std::vector<double> sum;  // the linear form of settled points
    std::vector<int> open;    // the other points, convex ones first
};

struct Less {
    bool operator()(const Cell& a, const Cell& b) const { return a.bound < b.bound; }
};

struct Found {
    double value = 0;
    std::vector<double> at;
};

// What all cells share.
struct Points {
    int n, rank, size;
    bool affine;
    std::vector<double> z;  // coordinate by coordinate, the last 1 where b counts
    std::vector<double> nu;
    double reach = 0;  // of b
    double error = 0;  // of each U_k
    double grain = 0;

    explicit Points(const Branching& p)
        : n(p.n), rank(p.rank), size(p.rank + (p.affine ? 1 : 0)), affine(p.affine),
          z(static_cast<size_t>(n) * size, 1.0), nu(p.weights, p.weights + n) {
        double largest = 0;
        for (int j = 0; j < n; ++j)
            for (int c = 0; c < rank; ++c) {
                const double t = p.points[static_cast<size_t>(j) * rank + c];
                z[static_cast<size_t>(c) * n + j] = t;
                largest = std::max(largest, std::fabs(t));
            }
        if (affine) {
            int exponent;
            std::frexp(largest, &exponent);
            grain = std::ldexp(1.0, exponent - GRAIN);
            reach = std::ldexp(1.0, exponent) + 2 * grain;
        }
        double total = 0;
        for (int j = 0; j < n; ++j) {
            double square = 0;
            for (int c = 0; c < rank; ++c)
                square += z[static_cast<size_t>(c) * n + j] * z[static_cast<size_t>(c) * n + j];
            total += std::fabs(nu[j]) * (std::sqrt(square) + 0x1p-500 + reach);
        }
        error = (2.0 * n + 8 * size + 64) * UNIT * 1.001 * total + 0x1p-1000;
    }

    const double* coordinate(int c) const { return z.data() + static_cast<size_t>(c) * n; }

    // -u . s_j at u = sign e_c ranges from low to high, both on the grain's grid and apart.
    void range(int c, int sign, double& low, double& high) const {
        low = INFINITE, high = -INFINITE;
        for (int j = 0; j < n; ++j) {
            const double b = -sign * coordinate(c)[j];
            low = std::min(low, b), high = std::max(high, b);
        }
        low = std::floor(low / grain) * grain, high = std::ceil(high / grain) * grain;
        if (low == high) high += grain;
    }

    double value(int sign, const double* q) const {
        double sum = 0;
        for (int j = 0; j < n; ++j) {
            double t = 0;
            for (int c = 0; c < size; ++c) t += q[c] * coordinate(c)[j];
            sum += nu[j] * std::max(t, 0.0);
        }
        return sign * sum;
    }
};

double dot(const double* a, const double* b, int size) {
    double sum = 0;
    for (int c = 0; c < size; ++c) sum += a[c] * b[c];
    return sum;
}

// Half the sum of two numbers; false where it is not exact.
bool middle(double a, double b, double& half) {
    const double sum = a + b, part = sum - a;
    half = sum / 2;
    return (a - (sum - part)) + (b - part) == 0;
}

class Worker {
public:
    Worker(const Points& points, double lower)
        : p(points), size(points.size), best{lower, {}}, shortest(points.size, points.n + points.size),
          table_(static_cast<size_t>(size) * p.n), other_(table_), gathered_(table_), low_(p.n), high_(p.n),
          weight_(p.n), fresh_(p.n), theta_(p.n), inverse_(static_cast<size_t>(size) * size), upper_(size),
          convex_(size), on_(size), where_(size) {}

    // Splits a cell and what comes of it, depth first, some times; what is left open is put into `open`.
    void refine(Cell&& cell, double goal, Watch& watch, std::vector<Cell>& open, double& closed) {
        std::vector<Cell> stack;
        stack.push_back(std::move(cell));
        for (int k = 0; k < DEEP && !stack.empty() && !watch.over(); ++k) {
            Cell parent = std::move(stack.back());
            stack.pop_back();
            if (!split(parent, goal, stack, closed)) closed = std::max(closed, parent.bound);
        }
        for (Cell& left : stack) open.push_back(std::move(left));
    }

    // Bounds a cell, its values at the vertices in the table; whether it is to be kept.
    bool judge(Cell& cell, std::vector<double>& table, double goal, double& closed) {
        ++cells;
        settle(cell, table);
        cell.bound = std::min(cell.bound, bound(cell, table, goal));
        if (cell.bound > goal) return true;
        closed = std::max(closed, cell.bound);
        return false;
    }

    void fill(const Cell& cell, std::vector<double>& table) {
        const int m = static_cast<int>(cell.open.size());
        for (int c = 0; c < size; ++c) {
            const double* from = p.coordinate(c);
            double* to = gathered_.data() + static_cast<size_t>(c) * p.n;
            for (int t = 0; t < m; ++t) to[t] = from[cell.open[t]];
        }
        for (int k = 0; k < size; ++k) along(cell.q.data() + static_cast<size_t>(k) * size, m, row(table, k));
    }

    std::vector<double>& table() { return table_; }

    const Points& p;
    int size;
    Found best;
    double cells = 0;

private:
    double* row(std::vector<double>& table, int k) const { return table.data() + static_cast<size_t>(k) * p.n; }

    // q . z_j for the points gathered.
    void along(const double* q, int m, double* to) const {
        for (int c = 0; c < size; ++c) {
            const double t = q[c];
            const double* x = gathered_.data() + static_cast<size_t>(c) * p.n;
            if (c == 0)
                for (int j = 0; j < m; ++j) to[j] = t * x[j];
            else
                for (int j = 0; j < m; ++j) to[j] += t * x[j];
        }
    }

    // Points with one sign at all vertices go into the linear form or out.
    void settle(Cell& cell, std::vector<double>& table) {
        const int m = static_cast<int>(cell.open.size());
        for (int k = 0; k < size; ++k) {
            const double* z = row(table, k);
            for (int t = 0; t < m; ++t) {
                low_[t] = k ? std::min(low_[t], z[t]) : z[t];
                high_[t] = k ? std::max(high_[t], z[t]) : z[t];
            }
        }
        int kept = 0;
        for (int t = 0; t < m; ++t) {
            const int j = cell.open[t];
            if (high_[t] <= 0) continue;
            if (low_[t] >= 0) {
                for (int c = 0; c < size; ++c) cell.sum[c] += cell.sign * p.nu[j] * p.coordinate(c)[j];
                continue;
            }
            cell.open[kept] = j;
            low_[kept] = low_[t], high_[kept] = high_[t];
            for (int k = 0; k < size; ++k) row(table, k)[kept] = row(table, k)[t];
            ++kept;
        }
        cell.open.resize(kept);
    }

    double bound(const Cell& cell, std::vector<double>& table, double goal) {
        const int m = static_cast<int>(cell.open.size());
        for (int t = 0; t < m; ++t) weight_[t] = cell.sign * p.nu[cell.open[t]];
        convexes_ = 0;
        while (convexes_ < m && weight_[convexes_] > 0) ++convexes_;
        for (int t = convexes_; t < m; ++t) theta_[t] = high_[t] / (high_[t] - low_[t]);
        for (int k = 0; k < size; ++k) {
            const double* z = row(table, k);
            double sum = 0;
            for (int t = 0; t < convexes_; ++t) sum += weight_[t] * std::max(z[t], 0.0);
            convex_[k] = sum;
            on_[k] = dot(cell.sum.data(), cell.q.data() + static_cast<size_t>(k) * size, size) + sum;
        }
        vertices(table, m);
        double length = 0;
        std::fill(where_.begin(), where_.end(), 0.0);
        for (int k = 0; k < size; ++k)
            for (int c = 0; c < p.rank; ++c) where_[c] += cell.q[static_cast<size_t>(k) * size + c];
        length = std::sqrt(dot(where_.data(), where_.data(), p.rank));
        double rough = 0;
        for (int k = 0; k < size; ++k) {
            const double along = dot(where_.data(), cell.q.data() + static_cast<size_t>(k) * size, p.rank) / length;
            rough = std::max(rough, along > 0 ? upper_[k] / along : (upper_[k] > 0 ? INFINITE : 0));
        }
        if (rough < INFINITE) {
            for (int c = 0; c < p.rank; ++c) where_[c] *= rough / length;
            rough = certified(cell, where_.data());
        }
        if (rough <= goal) return rough;
        return std::min(rough, fine(cell, table, m, goal));
    }

    // U_k for the present theta.
    void vertices(std::vector<double>& table, int m) {
        for (int k = 0; k < size; ++k) {
            const double* z = row(table, k);
            double sum = 0;
            for (int t = convexes_; t < m; ++t) sum += weight_[t] * theta_[t] * z[t];
            upper_[k] = on_[k] + sum;
        }
    }

    // The last line at the top of this file, rounded up.
    double certified(const Cell& cell, const double* v) const {
        const double length = std::sqrt(dot(v, v, p.rank)) * (1 + (p.rank + 8) * UNIT) + 0x1p-500;
        double over = 0;
        for (int k = 0; k < size; ++k)
            over = std::max(over, upper_[k] - dot(v, cell.q.data() + static_cast<size_t>(k) * size, p.rank));
        over += p.error + (p.rank + 8) * UNIT * length;
        const double found = (length + std::sqrt(static_cast<double>(p.rank)) * over) * (1 + 16 * UNIT);
        return found >= 0 ? found : INFINITE;  // not where something is no number
    }

    // The best theta and p.
    double fine(const Cell& cell, std::vector<double>& table, int m, double goal) {
        if (!invert(cell.q)) return INFINITE;
        const double lift = p.affine ? LIFT / p.reach : 1;
        const int concave = m - convexes_;
        shortest.clear(concave + size);
        for (int c = 0; c < size; ++c) {
            const double scale = c == p.rank ? lift : 1;
            double* to = shortest.column(c);
            const double* z = p.coordinate(c);
            for (int t = 0; t < concave; ++t) to[t] = scale * weight_[convexes_ + t] * z[cell.open[convexes_ + t]];
            double base = cell.sum[c];
            for (int k = 0; k < size; ++k) {
                const double facet = inverse_[static_cast<size_t>(c) * size + k];
                to[concave + k] = scale * facet;
                base += convex_[k] * facet;
            }
            shortest.base[c] = scale * base;
        }
        for (int t = 0; t < concave; ++t) {
            shortest.high[t] = 1;
            const bool up = high_[convexes_ + t] + low_[convexes_ + t] > 0;
            shortest.c[t] = up;
            shortest.state[t] = up ? Shortest::UPPER : Shortest::LOWER;
        }
        for (int k = 0; k < size; ++k) shortest.high[concave + k] = INFINITE;
        double found = INFINITE, shift = 0;
        for (int round = 0; round < 4; ++round) {
            shortest.solve();
            for (int t = 0; t < concave; ++t)
                theta_[convexes_ + t] = shortest.c[t] > 0 ? std::min(shortest.c[t], 1.0) : 0.0;
            vertices(table, m);
            found = std::min(found, certified(cell, shortest.v.data()));
            if (found <= goal || !p.affine) break;
            const double off = shortest.v[p.rank];  // lift v_b + shift
            if (std::fabs(off - shift) / lift * p.reach < 1e-10 * found) break;
            shortest.base[p.rank] += off - shift;
            shift = off;
        }
        meet(cell, lift);
        return found;
    }

    // h where the bound is attained.
    void meet(const Cell& cell, double lift) {
        const double length = std::sqrt(dot(shortest.v.data(), shortest.v.data(), p.rank));
        if (!(length > 0)) return;
        for (int c = 0; c < size; ++c) where_[c] = shortest.v[c] * (c == p.rank ? lift : 1) / length;
        if (p.affine && std::fabs(where_[p.rank]) > 2 * p.reach) return;
        double guess = dot(cell.sum.data(), where_.data(), size);
        for (size_t t = 0; t < cell.open.size(); ++t) {
            double z = 0;
            for (int c = 0; c < size; ++c) z += where_[c] * p.coordinate(c)[cell.open[t]];
            guess += weight_[t] * std::max(z, 0.0);
        }
        if (guess <= best.value) return;
        const double value = p.value(cell.sign, where_.data());
        if (value <= best.value) return;
        best.value = value;
        best.at.insert(best.at.end(), where_.begin(), where_.end());
    }

    // Facets: row c of the inverse has the coordinates c of all; false where the cell is too flat.
    bool invert(const std::vector<double>& q) {
        const int s = size;
        work_.assign(static_cast<size_t>(s) * 2 * s, 0.0);
        for (int i = 0; i < s; ++i) {
            for (int c = 0; c < s; ++c) work_[static_cast<size_t>(i) * 2 * s + c] = q[static_cast<size_t>(i) * s + c];
            work_[static_cast<size_t>(i) * 2 * s + s + i] = 1;
        }
        for (int c = 0; c < s; ++c) {
            int pivot = c;
            for (int i = c + 1; i < s; ++i)
                if (std::fabs(work_[static_cast<size_t>(i) * 2 * s + c]) >
                    std::fabs(work_[static_cast<size_t>(pivot) * 2 * s + c]))
                    pivot = i;
            double* top = work_.data() + static_cast<size_t>(c) * 2 * s;
            if (pivot != c) std::swap_ranges(top, top + 2 * s, work_.data() + static_cast<size_t>(pivot) * 2 * s);
            if (!(std::fabs(top[c]) > 0x1p-900)) return false;
            const double t = 1 / top[c];
            for (int k = c; k < 2 * s; ++k) top[k] *= t;
            for (int i = 0; i < s; ++i) {
                double* other = work_.data() + static_cast<size_t>(i) * 2 * s;
                if (i == c || other[c] == 0) continue;
                const double f = other[c];
                for (int k = c; k < 2 * s; ++k) other[k] -= f * top[k];
            }
        }
        for (int c = 0; c < s; ++c)
            for (int k = 0; k < s; ++k)
                inverse_[static_cast<size_t>(c) * s + k] = work_[static_cast<size_t>(c) * 2 * s + s + k];
        return true;
    }

    // The edge that kinks cross most, with something for its length.
    void choose(const Cell& cell, std::vector<double>& table, int& first, int& second) {
        const int m = static_cast<int>(cell.open.size());
        double most = -1;
        for (int t = 0; t < m; ++t) weight_[t] = std::fabs(p.nu[cell.open[t]]);
        for (int i = 0; i < size; ++i)
            for (int k = i + 1; k < size; ++k) {
                const double *a = row(table, i), *b = row(table, k);
                double crossed = 0;
#pragma omp simd reduction(+ : crossed)
                for (int t = 0; t < m; ++t) {
                    const double least = std::min(a[t], b[t]), largest = std::max(a[t], b[t]);
                    crossed += weight_[t] * std::max(0.0, std::min(-least, largest));
                }
                double square = 0;
                for (int c = 0; c < size; ++c) {
                    double e = cell.q[static_cast<size_t>(i) * size + c] - cell.q[static_cast<size_t>(k) * size + c];
                    if (c == p.rank) e /= p.reach;
                    square += e * e;
                }
                const double score = crossed + ROUND * cell.bound * square;
                if (score > most) most = score, first = i, second = k;
            }
    }

    bool split(const Cell& parent, double goal, std::vector<Cell>& stack, double& closed) {
        fill(parent, table_);
        const int m = static_cast<int>(parent.open.size());
        int ends[2] = {0, 1};
        choose(parent, table_, ends[0], ends[1]);
        std::vector<double> mid(size);
        for (int c = 0; c < size; ++c)
            if (!middle(parent.q[static_cast<size_t>(ends[0]) * size + c],
                        parent.q[static_cast<size_t>(ends[1]) * size + c], mid[c]))
                return false;
        along(mid.data(), m, fresh_.data());
        for (int side = 0; side < 2; ++side) {
            Cell child = parent;
            std::copy(mid.begin(), mid.end(), child.q.begin() + static_cast<size_t>(ends[side]) * size);
            for (int k = 0; k < size; ++k)
                std::copy_n(k == ends[side] ? fresh_.data() : row(table_, k), m, row(other_, k));
            if (judge(child, other_, goal, closed)) stack.push_back(std::move(child));
        }
        return true;
    }

    Shortest shortest;
    int convexes_ = 0;
    std::vector<double> table_, other_, gathered_, low_, high_, weight_, fresh_, theta_, inverse_, upper_, convex_, on_,
        where_, work_;
};

// The simplex of an orthant, or the prism above it, cut into simplices; for both signs of h.
std::vector<Cell> roots(const Points& p, const Branching& problem) {
    std::vector<Cell> cells;
    const int rank = p.rank, size = p.size;
    std::vector<int> open[2];
    for (int s = 0; s < 2; ++s)
        for (int part : {1, -1})
            for (int j = 0; j < p.n; ++j)
                if ((s ? -p.nu[j] : p.nu[j]) * part > 0) open[s].push_back(j);
    std::vector<double> low(2 * rank), high(2 * rank);
    for (int c = 0; c < rank && p.affine; ++c)
        for (int s = 0; s < 2; ++s) p.range(c, s ? -1 : 1, low[2 * c + s], high[2 * c + s]);
    for (int orthant = 0; orthant < 1 << rank; ++orthant)
        for (int cut = 0; cut < (p.affine ? rank : 1); ++cut) {
            std::vector<double> q(static_cast<size_t>(size) * size, 0.0);
            int row = 0;
            const auto put = [&](int c, double b) {
                q[static_cast<size_t>(row) * size + c] = orthant >> c & 1 ? -1 : 1;
                if (p.affine) q[static_cast<size_t>(row) * size + rank] = b;
                ++row;
            };
            for (int c = 0; c < rank; ++c) {
                const int at = 2 * c + (orthant >> c & 1);
                if (!p.affine || c <= cut) put(c, low[at]);
                if (p.affine && c >= cut) put(c, high[at]);
            }
            bool out = false;
            for (int i = 0; i < problem.rows && !out; ++i) {
                out = true;
                for (int k = 0; k < size && out; ++k)
                    out = dot(problem.cone + static_cast<size_t>(i) * rank, q.data() + static_cast<size_t>(k) * size,
                              rank) <= 0;
            }
            if (out) continue;
            for (int s = 0; s < 2; ++s)
                cells.push_back(Cell{INFINITE, int8_t(s ? -1 : 1), q, std::vector<double>(size, 0.0), open[s]});
        }
    return cells;
}

struct Refined {
    std::vector<Cell> open;
    double closed = 0;
    Found best;
    double cells = 0;
};

}  // namespace

Covered cover(const Branching& problem, double lower, double target, double closeness, double most, int threads,
              Watch& watch) {
    const Points points(problem);
    Covered result{lower, 0, 0, false, {}};
    const auto goal = [&] { return std::max(target, result.lower * (1 + closeness)); };
    std::priority_queue<Cell, std::vector<Cell>, Less> open;
    double closed = 0;
    const auto accept = [&](Refined& part) {
        for (Cell& cell : part.open) open.push(std::move(cell));
        closed = std::max(closed, part.closed);
        result.cells += part.cells;
        if (part.best.value > result.lower) {
            result.lower = part.best.value;
            result.at.insert(result.at.end(), part.best.at.begin(), part.best.at.end());
        }
    };
    {
        Refined first;
        Worker worker(points, lower);
        for (Cell& cell : roots(points, problem)) {
            if (watch.over()) {  // nothing is known of it yet
                first.open.push_back(std::move(cell));
                continue;
            }
            worker.fill(cell, worker.table());
            if (worker.judge(cell, worker.table(), goal(), first.closed)) first.open.push_back(std::move(cell));
        }
        first.best = worker.best, first.cells = worker.cells;
        accept(first);
    }
    double bytes = 0;
    while (!open.empty() && open.top().bound > goal() && result.cells < most && !watch.over() && bytes < MEMORY) {
        std::vector<Cell> batch;
        while (!open.empty() && static_cast<int>(batch.size()) < BATCH && open.top().bound > goal()) {
            batch.push_back(open.top());
            open.pop();
        }
        const double wanted = goal(), known = result.lower;
        std::vector<Refined> parts(batch.size());
        parallel(
            static_cast<int>(batch.size()), threads, [&] { return Worker(points, known); },
            [&](Worker& worker, int k) {
                worker.best = Found{known, {}};
                worker.cells = 0;
                worker.refine(std::move(batch[k]), wanted, watch, parts[k].open, parts[k].closed);
                parts[k].best = worker.best;
                parts[k].cells = worker.cells;
            });
        for (Refined& part : parts) accept(part);
        bytes =
            static_cast<double>(open.size()) * (sizeof(Cell) + 8.0 * points.size * (points.size + 1) + 4.0 * points.n);
    }
    const double left = open.empty() ? 0.0 : open.top().bound;
    result.upper = std::max(closed, left);
    result.complete = result.upper <= goal();
    return result;
}

}  // namespace minnorm
