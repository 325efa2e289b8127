// The oracle for free biases in space, asked again and again about the same points: the order of the kinks on the great
// circle of planes through two points does not depend on nu, and is the same from either of the two, so it is made
// once, and each answer is gathers and running sums.
#pragma once

#include <cstdint>
#include <vector>

#include "arrangement.hpp"
#include "atoms.hpp"
#include "watch.hpp"

namespace minnorm {

class Space {
public:
    static constexpr int most = 1024;  // points: their orders take a gigabyte

    // Distinct points, n x 3. Not usable where the watch was over before all orders were made, or unless `general`.
    Space(int n, const double* points, int threads, Watch& watch);

    int size() const { return n_; }
    bool general() const { return general_; }  // no three points on a line

    // As `exact_free`, for nu that may have zeros.
    Atoms atoms(const double* nu, const double* tilt, int per_pivot, int threads, Watch& watch) const;

    Weighted weighted(const double* nu, const double* tilt) const { return {n_, 3, points_.data(), nu, tilt}; }

private:
    struct Frame {
        double a[3], b[3], d[3], length;  // axes of the circle's plane, and the unit vector from one point to the other
    };
    struct Scratch;

    Frame frame(int first, int second) const;
    std::size_t begin(int first, int second) const {
        return (static_cast<std::size_t>(first) * (2 * n_ - first - 1) / 2 + (second - first - 1)) * (n_ - 2);
    }
    void on_circle(int pivot, int other, const double* nu, const double* tilt, const double* total, Peaks& ridge,
                   Scratch& at) const;
    bool inside(const Scratch& at, int arc, const double* v, double length) const;

    int n_;
    bool general_ = true;
    double reach_ = 0;
    std::vector<double> points_, x_, y_, z_;
    std::vector<std::uint16_t> order_;  // for each pair the n - 2 other points, by the angle of their kinks in [0, pi)
};

}  // namespace minnorm
