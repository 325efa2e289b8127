// Maxima of sign * h over the unit sphere of one hyperplane, h(u) = sum_k nu_k relu(u . y_k) + tilt . u.
#pragma once

#include <array>
#include <vector>

#include "sweep.hpp"

namespace minnorm {

using Vector = std::array<double, 4>;

inline double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]; }

struct Peak {
    double value;  // sign * h > 0
    Vector u;      // unit vector
};

// The best few distinct local maxima of one sign. The very best value is kept even where it is not known to be one.
class Peaks {
public:
    Peaks(int sign, int capacity) : sign_(sign), capacity_(capacity) {}

    int sign() const { return sign_; }
    double threshold() const { return static_cast<int>(kept_.size()) < capacity_ ? 0 : kept_.back().value; }
    bool wants(double value, const Vector& u) const { return value > threshold() && !known(value, u); }

    template <class IsLocalMaximum>
    void offer(double value, const Vector& u, IsLocalMaximum local) {
        if (value > best_.value) best_ = {value, u};
        if (wants(value, u) && local()) insert(value, u);
    }

    std::vector<Peak> all() const;  // best first

private:
    bool known(double value, const Vector& u) const;
    void insert(double value, const Vector& u);

    int sign_, capacity_;
    std::vector<Peak> kept_;  // best first
    Peak best_{0, {}};
};

// Vectors as columns: column[c][k] is coordinate c of y_k. Unused coordinates are zero.
struct Normals {
    std::vector<double> column[4];

    explicit Normals(int n) {
        for (auto& c : column) c.assign(n, 0.0);
    }
    Vector operator[](int k) const { return {column[0][k], column[1][k], column[2][k], column[3][k]}; }
};

// Scratch space for one hyperplane after the other. `ridge` collects the maxima on the hyperplane, which are local
// maxima of its sphere; `other` has the opposite sign, and both get the maxima in the cells next to the hyperplane.
class Arrangement {
public:
    Arrangement(int n, const double* nu, const Vector& tilt)
        : n_(n), nu_(nu), tilt_(tilt), frame_(n), flat_(n), size_(n), near_(n), along_(n), score_(n + 1) {
        for (int c = 0; c < 4; ++c) {
            turned_[c].assign(n + 1, 0.0);
            sums_[c].assign(n + 1, 0.0);
        }
    }

    // Another tilt from now on, for normals in other coordinates.
    void lean(const Vector& tilt) { tilt_ = tilt; }

    // y in the plane: all local maxima on the circle.
    void circle(const Normals& y, Peaks& ridge);

    // y in space, one circle u[2] = 0 on which `ridge` counts: the maxima on it and in the cells next to it.
    void circle_and_cells(const Normals& y, Peaks& ridge, Peaks& other);

    // y in space: the maxima on the sphere, on the great circles u . y_l = 0 and in the faces next to them.
    void sphere(const Normals& y, Peaks& ridge) { circles(y, ridge, nullptr); }

    // The same for the hyperplane u[3] = 0 of a four-dimensional y, and the cells next to it.
    void sphere_and_cells(const Normals& y, Peaks& ridge, Peaks& other) { circles(y, ridge, &other); }

    // For what others find on the sphere of y: `measure` comes first.
    void measure(const Normals& y);
    bool is_local_maximum(const Normals& y, const Vector& u, int sign);
    double reach() const { return reach_; }

private:
    using World = std::array<Vector, 4>;  // the frame's axes in the coordinates of y

    void circles(const Normals& y, Peaks& ridge, Peaks* other);
    template <int D>
    void cells(const World& world, double axis, Peaks* plus, Peaks* minus);
    template <int D>
    void gather();
    template <int D>
    void score(int arcs, const Vector& shift, double e, double f, double axis, const double* least);
    void find_flat();

    int n_;
    const double* nu_;
    Vector tilt_, turned_tilt_{};  // in the coordinates of y, and in the frame
    Normals frame_;
    std::vector<unsigned char> flat_;  // points whose kink contains the circle
    std::vector<double> size_;         // |y_k|
    std::vector<double> near_, along_;
    double reach_ = 0;   // their maximum
    double weight_ = 0;  // sum |nu_k| |y_k|
    std::vector<int> flats_, pins_;
    Sweep sweep_;
    std::vector<double> turned_[4], sums_[4], score_;
    Vector all_{};
};

}  // namespace minnorm
