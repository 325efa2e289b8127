// Atoms in the caller's coordinates, and what every oracle does with them last.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "parallel.hpp"

namespace minnorm {

struct Weighted {
    int n, rank;
    const double* points;  // n x rank, row by row
    const double* nu;
    const double* tilt;  // rank + 1 entries: h(w, b) = sum nu relu(w . x + b) + tilt . (w, b)
};

// Rows of weights and a bias, with h there.
struct Atoms {
    int width;  // rank + 1
    std::vector<double> at, values;

    explicit Atoms(int rank) : width(rank + 1) {}

    int size() const { return static_cast<int>(at.size()) / width; }
    const double* row(int k) const { return at.data() + static_cast<size_t>(k) * width; }
    void append(const Atoms& other) { at.insert(at.end(), other.at.begin(), other.at.end()); }
};

// h at an atom; the rank is known when compiling, or Rank = 0.
template <int Rank>
double value_of(const Weighted& data, const double* atom) {
    const int rank = Rank ? Rank : data.rank;
    double sum = 0;
    for (int c = 0; c <= rank; ++c) sum += data.tilt[c] * atom[c];
    int k = 0;
    if (!Rank)  // four sums that do not wait for each other
        for (; k + 4 <= data.n; k += 4) {
            const double* x = data.points + static_cast<size_t>(k) * rank;
            double s[4] = {atom[rank], atom[rank], atom[rank], atom[rank]};
            for (int c = 0; c < rank; ++c)
                for (int j = 0; j < 4; ++j) s[j] += atom[c] * x[j * rank + c];
            for (int j = 0; j < 4; ++j) sum += data.nu[k + j] * (s[j] > 0 ? s[j] : 0);
        }
    for (; k < data.n; ++k) {
        const double* x = data.points + static_cast<size_t>(k) * rank;
        double s = atom[rank];
        for (int c = 0; c < rank; ++c) s += atom[c] * x[c];
        const double active = s > 0 ? s : 0;  // without a branch, of which half would be guessed wrong
        sum += data.nu[k] * active;
    }
    return sum;
}

inline double value_of(const Weighted& data, const double* atom) {
    switch (data.rank) {
        case 1: return value_of<1>(data, atom);
        case 2: return value_of<2>(data, atom);
        case 3: return value_of<3>(data, atom);
        default: return value_of<0>(data, atom);
    }
}

// Recomputes the values, sorts by |h|, best first, and drops repetitions.
inline Atoms finish(const Weighted& data, const Atoms& found, int threads) {
    const int count = found.size(), width = found.width;
    std::vector<double> values(count);
    parallel(count, threads, [] { return 0; }, [&](int, int k) { values[k] = value_of(data, found.row(k)); });
    double reach = 1;  // of the biases, so that their tolerance has the data's unit
    for (int k = 0; k < count; ++k) reach = std::max(reach, std::fabs(found.row(k)[width - 1]));
    std::vector<int> order(count);
    for (int k = 0; k < count; ++k) order[k] = k;
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return std::fabs(values[a]) > std::fabs(values[b]); });
    const auto same = [&](const double* a, const double* b) {
        for (int c = 0; c < width; ++c)
            if (std::fabs(a[c] - b[c]) > 1e-8 * (c + 1 == width ? reach : 1)) return false;
        return true;
    };
    Atoms out(width - 1);
    for (int k : order) {
        bool fresh = true;
        for (int other = out.size() - 1; other >= 0 && fresh; --other) {
            if (std::fabs(out.values[other]) > (1 + 1e-6) * std::fabs(values[k])) break;
            fresh = !same(out.row(other), found.row(k));
        }
        if (!fresh) continue;
        out.at.insert(out.at.end(), found.row(k), found.row(k) + width);
        out.values.push_back(values[k]);
    }
    return out;
}

}  // namespace minnorm
