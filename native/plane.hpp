// The oracle for free biases in the plane, asked again and again about the same points: the order of the kinks on each
// point's circle does not depend on nu, so it is made once, and each answer is gathers and running sums.
#pragma once

#include <cstdint>
#include <vector>

#include "arrangement.hpp"
#include "atoms.hpp"
#include "watch.hpp"

namespace minnorm {

class Plane {
public:
    static constexpr int most = 65536;  // points whose numbers fit an order's entries

    // Distinct points, n x 2. Not usable where the watch was over before all orders were made.
    Plane(int n, const double* points, int threads, Watch& watch);

    int size() const { return n_; }
    const double* x() const { return x_.data(); }
    const double* y() const { return y_.data(); }

    // All other points by the angle in [0, pi) of their kinks on the circle of a point.
    const std::uint16_t* order(int pivot) const { return order_.data() + static_cast<std::size_t>(pivot) * (n_ - 1); }

    // As `exact_free`, for nu that may have zeros.
    Atoms atoms(const double* nu, const double* tilt, int per_pivot, int threads, Watch& watch) const;

    // Without a tilt, all local maxima of |h| above `least` with a kink on a point, more than once where several are on
    // it.
    struct Maxima {
        std::vector<double> at, values;     // rows (u, b), h there
        std::vector<int> pivots, partners;  // the points on the kink; -1 for no second one
    };
    Maxima maxima(const double* nu, double least, int threads, Watch& watch) const;

    Weighted weighted(const double* nu, const double* tilt) const { return {n_, 2, points_.data(), nu, tilt}; }

private:
    template <class Offer>
    void on_circle(int pivot, const double* nu, const double* tilt, double sign, Offer& offer) const;

    int n_;
    std::vector<double> points_, x_, y_;
    std::vector<std::uint16_t> order_;  // n rows of n - 1 points, by the angle of their kinks in [0, pi)
};

}  // namespace minnorm
