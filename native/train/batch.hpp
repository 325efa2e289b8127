// What both handlers read: arguments for K networks at once, the data among them, and leaves as panels of neurons.
#pragma once

#include <algorithm>
#include <stdexcept>

#include "gradient.hpp"
#include "xla/ffi/api/ffi.h"

namespace minnorm::train {

namespace ffi = xla::ffi;

// One argument or result: how many networks it has, and where the first starts.
struct Batch {
    int64_t count = 1, size = 1, last = 1;
    void* data;
    Batch(const ffi::AnyBuffer& buffer, size_t own) : data(buffer.untyped_data()) {
        const auto dims = buffer.dimensions();
        for (size_t i = 0; i < dims.size(); ++i) (i + own < dims.size() ? count : size) *= dims[i];
        if (own > 0) last = dims[dims.size() - 1];
    }
    template <class U>
    U* at(int64_t k) const {
        return size == 0 ? nullptr : static_cast<U*>(data) + (count == 1 ? 0 : k) * size;
    }
};

// A leaf (m, columns) to and from panels (panel, column, lane), filled up with zeros.
template <class T>
void to_panels(const T* plain, int64_t m, int64_t columns, int64_t panel, T* panels) {
    const int64_t whole = (m + panel - 1) / panel * panel;
    for (int64_t k = 0; k < whole; ++k)
        for (int64_t j = 0; j < columns; ++j)
            panels[(k / panel * columns + j) * panel + k % panel] = k < m ? plain[k * columns + j] : T(0);
}

template <class T>
void from_panels(const T* panels, int64_t m, int64_t columns, int64_t panel, T* plain) {
    for (int64_t k = 0; k < m; ++k)
        for (int64_t j = 0; j < columns; ++j)
            plain[k * columns + j] = panels[(k / panel * columns + j) * panel + k % panel];
}

// The activation and the loss, and networks that have them.
struct Slopes {
    double plus, minus;
    int64_t loss;
    double number;
    template <class T>
    Net<T> net(Net<T> of) const {
        of.plus = static_cast<T>(plus), of.minus = static_cast<T>(minus);
        of.loss = static_cast<Paid>(loss), of.number = number;
        return of;
    }
};

// What training data and the threads to use have in common for both handlers.
struct Work {
    Batch points, values, weights, chosen;
    int64_t networks, m, d, n;
    bool ascending;
    int threads;

    Work(const ffi::AnyBuffer& x, const ffi::AnyBuffer& y, const ffi::AnyBuffer& s, const ffi::AnyBuffer& rows,
         size_t rows_own, int64_t count, int64_t width, bool in_order, int64_t most)
        : points(x, 2), values(y, 1), weights(s, 1), chosen(rows, rows_own), networks(count), m(width), d(points.last),
          n(chosen.size ? chosen.last : values.last), ascending(in_order), threads(static_cast<int>(most)) {
        for (const Batch* batch : {&points, &values, &weights, &chosen}) check(*batch);
        if (n == 0 || (ascending && (d != 1 || chosen.size)))
            throw std::invalid_argument("there must be points, and ascending ones have one coordinate and no choice");
        const int32_t* chosen_rows = chosen.at<int32_t>(0);
        for (int64_t i = 0; i < chosen.count * chosen.size; ++i)
            if (chosen_rows[i] < 0 || chosen_rows[i] >= values.last)
                throw std::invalid_argument("a chosen row is not among the points");
    }
    void check(const Batch& batch) const {
        if (batch.count != 1 && batch.count != networks)
            throw std::invalid_argument("an argument has neither one entry nor one for each network");
    }
    template <class T>
    Samples<T> data(int64_t k, int64_t step) const {
        const int32_t* rows = chosen.at<int32_t>(k);
        return {n, points.at<T>(k), values.at<T>(k), weights.at<T>(k), rows ? rows + step * n : nullptr};
    }
    // As many threads as there are networks, or several for one, as far as its size is worth it.
    template <class T>
    Gradient<T> gradient(const Kernel<T>& kernel) const {
        return {kernel, m, d, n, ascending, static_cast<int>(std::max<int64_t>(1, threads / networks))};
    }
    template <class T>
    int outer(const Gradient<T>& gradient, int64_t steps) const {
        const double work = gradient.work() * static_cast<double>(steps) * static_cast<double>(networks);
        return static_cast<int>(std::min<double>(threads, 1 + work / kLeast));
    }
};

inline int64_t rounded(int64_t count, int64_t to) { return (count + to - 1) / to * to; }

}  // namespace minnorm::train
