// What the instruction sets share, and how each is called.
#pragma once

#include <cstddef>
#include <cstdint>

#include "program.hpp"

namespace minnorm::train {

// The losses by number, and their words in minnorm.losses, which module.cpp lists.
enum class Paid : int64_t { squared, huber, absolute, quantile, insensitive, logistic, hinge, squared_hinge };
constexpr const char* kPaid[] = {"squared",     "huber",    "absolute", "quantile",
                                 "insensitive", "logistic", "hinge",    "squared_hinge"};

// f(x) = c + v . x + sum_k a_k sigma(w_k . x + b_k), sigma(z) = plus relu(z) + minus relu(-z). Neurons lie in panels,
// the last one filled up with zeros: w as (panel, coordinate, lane), b and a as (panel, lane). v may be null.
template <class T>
struct Net {
    int64_t m, d;  // m without the filling
    const T *w, *b, *a;
    T c;
    const T* v;
    T plus = 1, minus = 0;
    Paid loss = Paid::squared;
    double number = 0;  // the loss's own: delta or q
    bool rectified() const { return plus == 1 && minus == 0; }
};

// Points (N, d); `weights` (N) may be null; `chosen` (n) are the rows to take, or null for all of them.
template <class T>
struct Samples {
    int64_t n;
    const T *points, *values, *weights;
    const int32_t* chosen;
};

constexpr int64_t kBlock = 64;  // points between two visits of the same neurons

// An instruction on numbers of arrays, or on one number for all of them.
template <class T>
using Step = void (*)(const T* a, const T* b, const T* c, T* to, int64_t count);

template <class T>
struct Move {
    Step<T> step;
    const T *a, *b, *c;
    T* to;
    bool moves[4];  // whether a, b, c and to are arrays that chunks go along, not scalars or temporaries
};

// The kernel for one instruction set and type. Memory comes from the caller, aligned to 64 bytes and uninitialised.
template <class T>
struct Kernel {
    int64_t panel, lanes;  // neurons that go together: all the way, and in one instruction

    // What the points from, ..., to - 1 add to 1/n sum_i s_i loss(f(x_i); y_i): G_k = sum_i 1[active] r_i (x_i, 1)
    // in `sums`, as (panel, d + 1, lane), and loss, c and v (d; where v or sigma asks for it) in `few`.
    void (*accumulate)(const Net<T>&, const Samples<T>&, int64_t from, int64_t to, T* sums, double* few,
                       std::byte* scratch);
    size_t (*scratch)(int64_t m, int64_t d);

    // The gradient that follows from G and, unless sigma is relu, `few`: dw_k = a_k G_k, db_k, da_k = (w_k, b_k) . G_k.
    void (*finish)(const Net<T>&, const T* sums, const double* few, T* dw, T* db, T* da);

    void (*add)(T* to, const T* from, int64_t count);  // a whole number of panels

    // The function of an instruction, and such functions on arrays of so many numbers, a multiple of lanes.
    Step<T> (*step)(Op, bool a, bool b, bool c);
    void (*update)(const Move<T>* from, const Move<T>* to, int64_t count);
    int64_t chunk;  // numbers that go together, each temporary's size
};

struct Kernels {
    Kernel<float> single;
    Kernel<double> real;
};

extern const Kernels generic;
#ifdef MINNORM_X86
extern const Kernels avx2, avx512;
#endif

// The same for d = 1, all points, in ascending order: O(m log n + n).
template <class T>
void line(const Net<T>& net, const Samples<T>& data, T* dw, T* db, T* da, double* few, std::byte* scratch);
size_t line_scratch(int64_t n, int64_t m);

}  // namespace minnorm::train
