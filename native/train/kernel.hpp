// Loss and gradient of a shallow ReLU network; what the instruction sets share, and how each is called.
#pragma once

#include <cstddef>
#include <cstdint>

namespace minnorm::train {

// f(x) = c + v . x + sum_k a_k relu(w_k . x + b_k), with w (m, d); v may be null.
template <class T>
struct Net {
    int64_t m, d;
    const T *w, *b, *a, *c, *v;
};

// Points (N, d); `weights` (N) may be null; `chosen` (n) are the rows to take, or null for all of them.
template <class T>
struct Data {
    int64_t n;
    const T *points, *values, *weights;
    const int32_t* chosen;
};

// The gradient in w (m, d), b (m), a (m); then few enough to sum in double: loss, c, v (d).
template <class T>
struct Sums {
    T *w, *b, *a;
    double *loss, *c, *v;
};

constexpr int64_t kBlock = 64;  // points between two visits of the same neurons

// Writes the part of loss and gradient that points from, ..., to - 1 contribute to
// 1/(2n) sum_i s_i (f(x_i) - y_i)^2. Scratch is aligned to 64 bytes and uninitialised.
template <class T>
using Dense = void (*)(const Net<T>&, const Data<T>&, int64_t from, int64_t to, const Sums<T>&, std::byte* scratch);

struct Kernel {
    Dense<float> single;
    Dense<double> real;
    size_t (*scratch)(int64_t m, int64_t d, size_t item);
};

extern const Kernel generic;
#ifdef MINNORM_X86
extern const Kernel avx2, avx512;
#endif

// The same for d = 1, all points, in ascending order: O(m log n + n).
template <class T>
void line(const Net<T>& net, const Data<T>& data, const Sums<T>& out, std::byte* scratch);
size_t line_scratch(int64_t n, int64_t m);

}  // namespace minnorm::train
