// The fused kernel: built once for each instruction set, which MINNORM_ISA names and MINNORM_BYTES sizes.
//
// Neurons are lanes. For a block of points, first all neurons contribute to the predictions and leave one bit an
// activation; then, with residuals r known, G_k = sum_i 1[active] r_i (x_i, 1) is summed with the bits as masks.
// The gradient follows from G alone: dw_k = a_k G_k, db_k likewise, da_k = (w_k, b_k) . G_k. For another activation
// than relu, below z + step relu(z), G_k becomes below R + step G_k with R = sum_i r_i (x_i, 1).
// Nothing here may be shared with other units of the program (inline functions of the standard library, say):
// the linker would be free to keep the copy with this unit's instructions.
#include "kernel.hpp"
#include "functions.hpp"
#include "lanes.hpp"
#include "update.hpp"

namespace {

using minnorm::train::kBlock;
using minnorm::train::Net;
using minnorm::train::Samples;

constexpr int kVectors = 2;  // of neurons, that go together through a block: a panel

template <class T>
constexpr int64_t kPanel = kVectors * Lanes<T>::count;

template <class T>
int64_t panels(int64_t m) {
    return (m + kPanel<T> - 1) / kPanel<T>;
}

struct Arena {
    std::byte* at;
    template <class U>
    U* take(int64_t count) {
        U* here = reinterpret_cast<U*>(at);
        at += (count * static_cast<int64_t>(sizeof(U)) + 63) / 64 * 64;
        return here;
    }
};

// A block of points, and what passes between the phases.
template <class T>
struct Space {
    T *x, *rx, *f;
    Bits* bits;
    std::byte* end;
    Space(std::byte* from, int64_t m, int64_t d) {
        Arena arena{from};
        x = arena.take<T>(kBlock * d);
        rx = arena.take<T>(kBlock * (d + 1));
        f = arena.take<T>(kBlock * Lanes<T>::count);
        bits = arena.take<Bits>(panels<T>(m) * kBlock * kVectors);
        end = arena.at;
    }
};

// One panel's share of the predictions at `count` points, a multiple of kTile. D is d, or 0 to read it.
template <class T, int D, class Activation>
void forward(const Activation& activation, const T* weights, const T* biases, const T* outer, const T* x, int64_t count,
             int64_t dim, T* f, Bits* bits) {
    using L = Lanes<T>;
    using V = typename L::Vector;
    const int64_t d = D ? D : dim;
    for (int64_t i = 0; i < count; i += kTile) {
        V z[kTile][kVectors];
        for (int p = 0; p < kTile; ++p)
            for (int v = 0; v < kVectors; ++v) z[p][v] = L::load(biases + v * L::count);
        for (int64_t j = 0; j < d; ++j) {
            V w[kVectors];
            for (int v = 0; v < kVectors; ++v) w[v] = L::load(weights + j * kPanel<T> + v * L::count);
            for (int p = 0; p < kTile; ++p) {
                const V here = L::fill(x[(i + p) * d + j]);
                for (int v = 0; v < kVectors; ++v) z[p][v] += w[v] * here;
            }
        }
        for (int p = 0; p < kTile; ++p) {
            V value = L::load(f + (i + p) * L::count);
            for (int v = 0; v < kVectors; ++v) {
                const auto mask = Mask<T>::active(z[p][v]);
                value += L::load(outer + v * L::count) * activation.of(z[p][v], mask.keep(z[p][v]));
                bits[(i + p) * kVectors + v] = mask.pack();
            }
            L::store(f + (i + p) * L::count, value);
        }
    }
}

// Adds sum_i 1[active] rx_ij of one panel and J columns.
template <class T, int J>
void backward(const T* rx, const Bits* bits, int64_t count, int64_t stride, T* sums) {
    using L = Lanes<T>;
    using V = typename L::Vector;
    V g[J][kVectors] = {};
    for (int64_t i = 0; i < count; ++i) {
        Mask<T> mask[kVectors];
        for (int v = 0; v < kVectors; ++v) mask[v] = Mask<T>::unpack(bits[i * kVectors + v]);
        for (int j = 0; j < J; ++j) {
            const V here = L::fill(rx[i * stride + j]);
            for (int v = 0; v < kVectors; ++v) g[j][v] = mask[v].add(g[j][v], here);
        }
    }
    for (int j = 0; j < J; ++j)
        for (int v = 0; v < kVectors; ++v) {
            T* to = sums + j * kPanel<T> + v * L::count;
            L::store(to, L::load(to) + g[j][v]);
        }
}

template <class T, int J = kColumns>
void backward_columns(int64_t columns, const T* rx, const Bits* bits, int64_t count, int64_t stride, T* sums) {
    if (columns >= J) {
        backward<T, J>(rx, bits, count, stride, sums);
        if (columns > J) backward_columns<T>(columns - J, rx + J, bits, count, stride, sums + J * kPanel<T>);
    } else if constexpr (J > 1) {
        backward_columns<T, J - 1>(columns, rx, bits, count, stride, sums);
    }
}

// From the predictions in space.f: what the loss and c (and v) get, and the residuals' share times (x, 1).
template <bool sums, class Loss, class T, class Row>
void residuals(const Loss& paid, const Net<T>& net, const Samples<T>& data, Row row, int64_t size, double* few,
               const Space<T>& space) {
    using L = Lanes<T>;
    const int64_t d = net.d;
    const T each = T(1) / static_cast<T>(data.n);
    double loss = few[0], offset = few[1];
    for (int64_t from = 0; from < size; from += L::count) {
        typename L::Vector parts[L::count];
        for (int i = 0; i < L::count; ++i) parts[i] = L::load(space.f + (from + i) * L::count);
        alignas(sizeof(typename L::Vector)) T values[L::count];
        L::store(values, L::sums(parts) + L::fill(net.c));
        for (int64_t i = from; i < size && i < from + L::count; ++i) {
            const T* x = space.x + i * d;
            T value = values[i - from];
            if (net.v)
                for (int64_t j = 0; j < d; ++j) value += net.v[j] * x[j];
            const T y = data.values[row(i)], r = paid.slope(value, y);
            const T back = (data.weights ? data.weights[row(i)] * r : r) * each;
            const double share =
                (data.weights ? static_cast<double>(data.weights[row(i)]) : 1.0) / static_cast<double>(data.n);
            loss += paid.value(value, y, r, back, share);
            offset += back;
            T* rx = space.rx + i * (d + 1);
            for (int64_t j = 0; j < d; ++j) rx[j] = back * x[j];
            rx[d] = back;
            if (sums || net.v)
                for (int64_t j = 0; j < d; ++j) few[2 + j] += rx[j];
        }
    }
    few[0] = loss, few[1] = offset;
}

template <class Activation, class T>
void block(const Net<T>& net, const Samples<T>& data, int64_t from, int64_t size, T* sums, double* few,
           const Space<T>& space) {
    const int64_t d = net.d, stride = d + 1, count = (size + kTile - 1) / kTile * kTile;
    const auto row = [&](int64_t i) { return data.chosen ? static_cast<int64_t>(data.chosen[from + i]) : from + i; };
    for (int64_t i = 0; i < count; ++i)
        for (int64_t j = 0; j < d; ++j) space.x[i * d + j] = i < size ? data.points[row(i) * d + j] : T(0);
    for (int64_t i = 0; i < count * Lanes<T>::count; ++i) space.f[i] = 0;
    const Activation activation(net);
    const auto go = d == 1   ? forward<T, 1, Activation>
                    : d == 2 ? forward<T, 2, Activation>
                    : d == 3 ? forward<T, 3, Activation>
                             : forward<T, 0, Activation>;
    for (int64_t p = 0; p < panels<T>(net.m); ++p)
        go(activation, net.w + p * kPanel<T> * d, net.b + p * kPanel<T>, net.a + p * kPanel<T>, space.x, count, d,
           space.f, space.bits + p * kBlock * kVectors);
    with_loss(net, [&](const auto& paid) { residuals<Activation::bent>(paid, net, data, row, size, few, space); });
    for (int64_t p = 0; p < panels<T>(net.m); ++p)
        backward_columns<T>(stride, space.rx, space.bits + p * kBlock * kVectors, size, stride,
                            sums + p * kPanel<T> * stride);
}

template <class Activation, class T>
void sum(const Net<T>& net, const Samples<T>& data, int64_t from, int64_t to, T* sums, double* few,
         std::byte* scratch) {
    const Space<T> space(scratch, net.m, net.d);
    const int64_t whole = panels<T>(net.m) * kPanel<T> * (net.d + 1);
    for (int64_t i = 0; i < whole; ++i) sums[i] = 0;
    for (int64_t j = 0; j < 2 + net.d; ++j) few[j] = 0;
    for (int64_t i = from; i < to; i += kBlock)
        block<Activation>(net, data, i, to - i < kBlock ? to - i : kBlock, sums, few, space);
}

template <class T>
void accumulate(const Net<T>& net, const Samples<T>& data, int64_t from, int64_t to, T* sums, double* few,
                std::byte* scratch) {
    const auto go = net.rectified() ? sum<Relu, T> : sum<Bent<T>, T>;
    go(net, data, from, to, sums, few, scratch);
}

template <class T>
size_t scratch(int64_t m, int64_t d) {
    return static_cast<size_t>(Space<T>(nullptr, m, d).end - static_cast<std::byte*>(nullptr));
}

template <class Activation, class T>
void spread(const Net<T>& net, const T* sums, const double* few, T* dw, T* db, T* da) {
    using L = Lanes<T>;
    const Activation activation(net);
    const int64_t d = net.d;
    for (int64_t p = 0; p < panels<T>(net.m); ++p)
        for (int64_t lane = 0; lane < kPanel<T>; lane += L::count) {
            const int64_t k = p * kPanel<T> + lane;
            const T *g = sums + p * kPanel<T> * (d + 1) + lane, *w = net.w + p * kPanel<T> * d + lane;
            T* out = dw + p * kPanel<T> * d + lane;
            const auto a = L::load(net.a + k);
            const auto last = activation.of(L::fill(static_cast<T>(few[1])), L::load(g + d * kPanel<T>));
            auto outer = L::load(net.b + k) * last;
            L::store(db + k, a * last);
            for (int64_t j = 0; j < d; ++j) {
                const auto here = activation.of(L::fill(static_cast<T>(few[2 + j])), L::load(g + j * kPanel<T>));
                outer += L::load(w + j * kPanel<T>) * here;
                L::store(out + j * kPanel<T>, a * here);
            }
            L::store(da + k, outer);
        }
}

template <class T>
void finish(const Net<T>& net, const T* sums, const double* few, T* dw, T* db, T* da) {
    net.rectified() ? spread<Relu>(net, sums, few, dw, db, da) : spread<Bent<T>>(net, sums, few, dw, db, da);
}

template <class T>
void add(T* to, const T* from, int64_t count) {
    for (int64_t i = 0; i < count; i += Lanes<T>::count)
        Lanes<T>::store(to + i, Lanes<T>::load(to + i) + Lanes<T>::load(from + i));
}

template <class T>
constexpr minnorm::train::Kernel<T> kKernel = {kPanel<T>, Lanes<T>::count, &accumulate<T>, &scratch<T>, &finish<T>,
                                               &add<T>,   &step_of<T>,     &update<T>,     kChunk};

}  // namespace

namespace minnorm::train {

extern const Kernels MINNORM_ISA;
const Kernels MINNORM_ISA = {kKernel<float>, kKernel<double>};

}  // namespace minnorm::train
