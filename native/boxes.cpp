#include "boxes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>

#include "parallel.hpp"

namespace minnorm {

namespace {

constexpr int pieces = 8;         // of each side, a box of which is an item of its own
constexpr double finest = 1e-11;  // of the body's box: boxes that are not divided any more
constexpr double steepest = 16;   // times a slope: the largest multiplier of a constraint

using Point = std::array<double, 3>;

double dot(const double* a, const double* b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

struct Box {
    Point center, half;
};

// n . x <= most
struct Side {
    Point n;
    double most;
};

// The function on a box: affine but for the neurons that change their sign there.
struct Level {
    Point slope;
    double constant;
    std::vector<int> live;
    std::vector<double> low, high;  // between which w . x + b of these are
};

class Search {
public:
    Search(const Shallow& e, const Body& body, double side, double lower, double target, double excess, Watch& watch)
        : e_(e), body_(body), side_(side), target_(target), excess_(excess), watch_(watch) {
        found_.lower = lower;
        found_.upper = -std::numeric_limits<double>::infinity();
        for (int c = 0; c < 3; ++c) smallest_ = std::max(smallest_, finest * (body.high[c] - body.low[c]));
        whole_.slope = {e.slope[0], e.slope[1], e.slope[2]};
        whole_.constant = e.constant;
        for (int k = 0; k < e.width; ++k) whole_.live.push_back(k);
    }

    Boxed run(const Box& box) {
        visit(box, whole_, 0);
        return found_;
    }

private:
    double enough() const { return std::max(target_, found_.lower + excess_); }

    void visit(const Box& box, const Level& above, size_t depth) {
        if (!sides(box)) return;
        found_.boxes += 1;
        if (levels_.size() <= depth) levels_.emplace_back(std::make_unique<Level>());
        Level& at = *levels_[depth];
        settle(box, above, at);
        double most = -std::numeric_limits<double>::infinity();
        for (double sign : {1.0, -1.0})
            if (side_ == 0 || sign == side_) most = std::max(most, bound(box, at, sign));
        if (most > enough()) look(box, at);
        const double widest = std::max({box.half[0], box.half[1], box.half[2]});
        if (most <= enough() || widest <= smallest_ || watch_.over()) {
            if (most > enough()) found_.complete = false;
            found_.upper = std::max(found_.upper, most);
            return;
        }
        // Sides that are much shorter than the longest stay whole.
        std::array<int, 3> parts{};
        for (int c = 0; c < 3; ++c) parts[c] = 2 * box.half[c] > widest ? 2 : 1;
        for (int i = 0; i < parts[0]; ++i)
            for (int j = 0; j < parts[1]; ++j)
                for (int k = 0; k < parts[2]; ++k) {
                    Box child = box;
                    const int which[3] = {i, j, k};
                    for (int c = 0; c < 3; ++c) {
                        if (parts[c] == 1) continue;
                        child.half[c] = 0.5 * box.half[c];
                        child.center[c] += which[c] ? child.half[c] : -child.half[c];
                    }
                    visit(child, *levels_[depth], depth + 1);
                }
    }

    // What the body asks for in the box, as half-spaces; whether it has points there.
    bool sides(const Box& box) {
        sides_.clear();
        for (int r = 0; r < body_.images; ++r) {
            const double* a = body_.mirrors + 3 * static_cast<size_t>(r);
            double high = dot(a, box.center.data());
            for (int c = 0; c < 3; ++c) high += std::fabs(a[c]) * box.half[c];
            if (high < body_.least) return false;
        }
        for (int r = 0; r < body_.rows; ++r) {
            const double* n = body_.normals + 3 * static_cast<size_t>(r);
            double low = dot(n, box.center.data()), range = 0;
            for (int c = 0; c < 3; ++c) range += std::fabs(n[c]) * box.half[c];
            if (low - range > body_.most[r]) return false;
            if (low + range > body_.most[r]) sides_.push_back({{n[0], n[1], n[2]}, body_.most[r]});
        }
        if (!(body_.outer > 0)) return true;
        Point away;
        double near = 0, far = 0, square = 0, radius = 0;
        for (int c = 0; c < 3; ++c) {
            away[c] = box.center[c] - body_.center[c];
            const double size = std::fabs(away[c]), least = std::max(0.0, size - box.half[c]);
            near += least * least;
            far += (size + box.half[c]) * (size + box.half[c]);
            square += size * size;
            radius += box.half[c] * box.half[c];
        }
        if (near > body_.outer * body_.outer || far < body_.inner * body_.inner) return false;
        const double distance = std::sqrt(square);
        if (!(distance > 0)) return true;
        for (double& c : away) c /= distance;
        const double shift = dot(away.data(), body_.center);
        // The ball is on this side of its tangent plane, and what is outside the inner one beyond the plane through
        // the circle in which it leaves a ball about the box.
        if (far > body_.outer * body_.outer) sides_.push_back({away, shift + body_.outer});
        if (near < body_.inner * body_.inner && square > radius && body_.inner * body_.inner > radius) {
            const double least = std::sqrt(body_.inner * body_.inner - radius);
            sides_.push_back({{-away[0], -away[1], -away[2]}, -(shift + least)});
        }
        return true;
    }

    // Adds neurons that do not change their sign in the box to the affine part.
    void settle(const Box& box, const Level& above, Level& at) const {
        at.slope = above.slope;
        at.constant = above.constant;
        at.live.clear();
        at.low.clear();
        at.high.clear();
        for (int k : above.live) {
            const double* w = e_.weights + 3 * static_cast<size_t>(k);
            const double z = dot(w, box.center.data()) + e_.biases[k];
            const double high = z + rise({w[0], w[1], w[2]}, box), low = z - rise({-w[0], -w[1], -w[2]}, box);
            if (high <= 0) continue;
            if (low >= 0) {
                for (int c = 0; c < 3; ++c) at.slope[c] += e_.masses[k] * w[c];
                at.constant += e_.masses[k] * e_.biases[k];
            } else {
                at.live.push_back(k);
                at.low.push_back(low);
                at.high.push_back(high);
            }
        }
    }

    // An upper bound of g . (x - center) over what of the box is on all sides, by duality for one side at a time.
    double rise(const Point& g, const Box& box) const {
        double best = 0, size = 0;
        for (int c = 0; c < 3; ++c) {
            best += std::fabs(g[c]) * box.half[c];
            size += std::fabs(g[c]);
        }
        for (const Side& side : sides_) {
            const double room = side.most - dot(side.n.data(), box.center.data());
            for (int c = 0; c < 3; ++c) {
                if (side.n[c] == 0) continue;
                const double price = g[c] / side.n[c];
                if (!(price > 0 && price <= steepest * size)) continue;
                double value = price * room;
                for (int i = 0; i < 3; ++i) value += std::fabs(g[i] - price * side.n[i]) * box.half[i];
                best = std::min(best, value);
            }
        }
        return best;
    }

    // Of sign e: convex neurons are below their chords, concave ones below a share of what they are relu of.
    double bound(const Box& box, const Level& at, double sign) const {
        Point g;
        for (int c = 0; c < 3; ++c) g[c] = sign * at.slope[c];
        double constant = sign * at.constant;
        for (size_t i = 0; i < at.live.size(); ++i) {
            const int k = at.live[i];
            const double* w = e_.weights + 3 * static_cast<size_t>(k);
            const double mass = sign * e_.masses[k], share = at.high[i] / (at.high[i] - at.low[i]);
            for (int c = 0; c < 3; ++c) g[c] += mass * share * w[c];
            constant += mass * share * (e_.biases[k] - (mass > 0 ? at.low[i] : 0.0));
        }
        return constant + dot(g.data(), box.center.data()) + rise(g, box);
    }

    // The value at the box's centre, if that is in the body.
    void look(const Box& box, const Level& at) {
        const double* x = box.center.data();
        for (const Side& side : sides_)
            if (dot(side.n.data(), x) > side.most) return;
        if (body_.outer > 0) {
            double square = 0;
            for (int c = 0; c < 3; ++c) square += (x[c] - body_.center[c]) * (x[c] - body_.center[c]);
            if (square < body_.inner * body_.inner || square > body_.outer * body_.outer) return;
        }
        double value = at.constant + dot(at.slope.data(), x);
        for (int k : at.live) {
            const double z = dot(e_.weights + 3 * static_cast<size_t>(k), x) + e_.biases[k];
            if (z > 0) value += e_.masses[k] * z;
        }
        const double size = side_ == 0 ? std::fabs(value) : side_ * value;
        if (size <= found_.lower) return;
        found_.lower = size;
        std::copy(x, x + 3, found_.at);
    }

    const Shallow& e_;
    const Body& body_;
    double side_, target_, excess_, smallest_ = 0;
    Watch& watch_;
    Level whole_;
    std::vector<std::unique_ptr<Level>> levels_;
    std::vector<Side> sides_;
    Boxed found_{0, 0, {}, 0, true};
};

}  // namespace

Boxed enclose(const Shallow& e, const Body& body, double side, double lower, double target, double excess, int threads,
              Watch& watch) {
    constexpr int count = pieces * pieces * pieces;
    std::vector<Boxed> parts(count);
    parallel(
        count, threads, [] { return 0; },
        [&](int&, int item) {
            Box box;
            const int which[3] = {item % pieces, item / pieces % pieces, item / (pieces * pieces)};
            for (int c = 0; c < 3; ++c) {
                box.half[c] = 0.5 * (body.high[c] - body.low[c]) / pieces;
                box.center[c] = body.low[c] + (2 * which[c] + 1) * box.half[c];
            }
            parts[item] = Search(e, body, side, lower, target, excess, watch).run(box);
        });
    Boxed all{lower, lower, {}, 0, true};
    for (const Boxed& part : parts) {
        if (part.lower > all.lower) {
            all.lower = part.lower;
            std::copy(part.at, part.at + 3, all.at);
        }
        all.upper = std::max(all.upper, part.upper);
        all.boxes += part.boxes;
        all.complete = all.complete && part.complete;
    }
    all.upper = std::max(all.upper, all.lower);
    return all;
}

}  // namespace minnorm
