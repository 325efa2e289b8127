// Phi D Phi^T of many neurons at points in a plane, and products with Phi, without Phi.
//
// A neuron is active at both of two points if it is active at that of them which is further behind, and which of the
// two that is depends on the neuron's direction alone: on each half of the circle of directions it is another. So with
// the neurons in the order of their angles an entry of the matrix is two differences of running sums, O(1),
//
//     sum_k D_k relu(z_ki) relu(z_kj) = x_j . sum_{k in arc_ij} D_k relu(z_ki) theta_k + the same with i and j
//     exchanged,
//
// z_ki = theta_k . (x_i, 1), and all of it takes O(n (n + k)) operations instead of n^2 k.
#pragma once

#include <cstdint>
#include <vector>

#include "plane.hpp"

namespace minnorm {

class Gram {
public:
    // Of the points of a plane, which has to stay.
    Gram(const Plane& plane, int threads);

    int size() const { return plane_.size(); }

    // The upper triangle by rows, n x n, for `count` neurons, rows (w, b); the lower one is scratch.
    void product(int count, const double* neurons, const double* ratio, int threads, double* matrix) const;

    // sum_i nu_i relu(w_k . x_i + b_k) for each neuron.
    void seen(int count, const double* neurons, const double* nu, int threads, double* out) const;

    // sum_k a_k relu(w_k . x_i + b_k) at each point.
    void outputs(int count, const double* neurons, const double* masses, int threads, double* out) const;

private:
    const Plane& plane_;
    std::vector<std::uint32_t>
        from_;  // where arc_ij begins, in turns of 2^32, in the order of each i; it is half a turn
};

}  // namespace minnorm
