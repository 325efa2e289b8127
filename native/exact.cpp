#include "exact.hpp"

#include "arrangement.hpp"

namespace minnorm {

namespace {

struct Scratch {
    Normals y;
    Arrangement arrangement;
};

Vector tilted(const Weighted& data) {
    Vector tilt{};
    std::copy(data.tilt, data.tilt + data.rank + 1, tilt.begin());
    return tilt;
}

// Runs visit(scratch, point, out) for every point; the order of the atoms is that of the points.
template <class Visit>
Atoms for_each_point(const Weighted& data, int threads, Watch& watch, Visit visit) {
    std::vector<Atoms> parts(data.n, Atoms(data.rank));
    const Vector tilt = tilted(data);
    parallel(
        data.n, threads, [&] { return Scratch{Normals(data.n), Arrangement(data.n, data.nu, tilt)}; },
        [&](Scratch& scratch, int i) {
            if (!watch.over()) visit(scratch, i, parts[i]);
        });
    Atoms all(data.rank);
    for (const auto& part : parts) all.append(part);
    return all;
}

Vector lifted(const Weighted& data, int k) {
    Vector z{};
    for (int c = 0; c < data.rank; ++c) z[c] = data.points[static_cast<size_t>(k) * data.rank + c];
    z[data.rank] = 1;
    return z;
}

// An orthonormal basis of R^size whose last vector is the unit vector d: a Householder reflection.
std::array<Vector, 4> basis(const Vector& d, int size) {
    const int last = size - 1;
    const double s = std::copysign(1.0, d[last]);
    Vector v = d;
    v[last] += s;
    const double f = 2 / dot(v, v);
    std::array<Vector, 4> axes{};
    for (int a = 0; a < last; ++a) {
        axes[a][a] = 1;
        for (int c = 0; c < size; ++c) axes[a][c] -= f * v[a] * v[c];
    }
    axes[last] = d;
    return axes;
}

Atoms penalised_line(const Weighted& data) {
    Normals y(data.n);
    for (int k = 0; k < data.n; ++k) {
        y.column[0][k] = data.points[k];
        y.column[1][k] = 1;
    }
    const std::vector<unsigned char> flat(data.n, 0);
    Sweep sweep;
    sweep.prepare(data.n, y.column[0].data(), y.column[1].data(), data.nu, flat.data(), data.tilt[0], data.tilt[1]);
    Atoms out(1);
    sweep.peaks([&](int, double w, double b, double, int) { out.at.insert(out.at.end(), {w, b}); });
    return out;
}

}  // namespace

Atoms exact_free(const Weighted& data, int per_pivot, int threads, Watch& watch) {
    const int n = data.n, r = data.rank;
    return for_each_point(data, threads, watch, [&](Scratch& scratch, int i, Atoms& out) {
        const double* x = data.points + static_cast<size_t>(i) * r;
        for (int c = 0; c < r; ++c)
            for (int k = 0; k < n; ++k) scratch.y.column[c][k] = data.points[static_cast<size_t>(k) * r + c] - x[c];
        // Along b, h bends up at the kink of a point with nu > 0: only -h can have a maximum there.
        Peaks ridge(data.nu[i] < 0 ? 1 : -1, per_pivot);
        if (r == 2) scratch.arrangement.circle(scratch.y, ridge);
        if (r == 3) scratch.arrangement.sphere(scratch.y, ridge);
        for (const Peak& peak : ridge.all()) {
            double b = 0;
            for (int c = 0; c < r; ++c) {
                out.at.push_back(peak.u[c]);
                b -= peak.u[c] * x[c];
            }
            out.at.push_back(b);
        }
    });
}

Atoms exact_penalised(const Weighted& data, int per_pivot, int threads, Watch& watch) {
    const int n = data.n, r = data.rank;
    if (r == 1) return penalised_line(data);
    const Vector tilt = tilted(data);
    return for_each_point(data, threads, watch, [&](Scratch& scratch, int j, Atoms& out) {
        Vector d = lifted(data, j);
        const double length = std::sqrt(dot(d, d));
        for (double& c : d) c /= length;
        const auto axes = basis(d, r + 1);
        for (int k = 0; k < n; ++k) {
            const Vector z = lifted(data, k);
            for (int c = 0; c <= r; ++c) scratch.y.column[c][k] = k == j && c < r ? 0 : dot(axes[c], z);
        }
        scratch.arrangement.lean({dot(axes[0], tilt), dot(axes[1], tilt), dot(axes[2], tilt), dot(axes[3], tilt)});
        const int sign = data.nu[j] < 0 ? 1 : -1;
        Peaks ridge(sign, per_pivot), other(-sign, per_pivot);
        if (r == 2) scratch.arrangement.circle_and_cells(scratch.y, ridge, other);
        if (r == 3) scratch.arrangement.sphere_and_cells(scratch.y, ridge, other);
        for (const auto* list : {&ridge, &other})
            for (const Peak& peak : list->all())
                for (int c = 0; c <= r; ++c) {
                    double sum = 0;
                    for (int a = 0; a <= r; ++a) sum += peak.u[a] * axes[a][c];
                    out.at.push_back(sum);
                }
    });
}

}  // namespace minnorm
