// The fused kernel: built once for each instruction set, which MINNORM_ISA names and MINNORM_BYTES sizes.
//
// Neurons are lanes. For a block of points, first all neurons contribute to the predictions and leave one bit an
// activation; then, with residuals r known, G_k = sum_i 1[active] r_i (x_i, 1) is summed with the bits as masks.
// The gradient follows from G alone: dw_k = a_k G_k, db_k likewise, da_k = (w_k, b_k) . G_k.
// Nothing here may be shared with other units of the program (inline functions of the standard library, say):
// the linker would be free to keep the copy with this unit's instructions.
#include "kernel.hpp"
#include "lanes.hpp"

namespace {

using minnorm::train::Data;
using minnorm::train::kBlock;
using minnorm::train::Net;
using minnorm::train::Sums;

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

// What a thread works on: neurons in panels of (row, lane), a block of points, and what passes between the phases.
template <class T>
struct Space {
    T *weights, *outer, *sums, *x, *rx, *f;
    Bits* bits;
    std::byte* end;
    Space(std::byte* from, int64_t m, int64_t d) {
        Arena arena{from};
        const int64_t padded = panels<T>(m) * kPanel<T>;
        weights = arena.take<T>(padded * (d + 1));
        outer = arena.take<T>(padded);
        sums = arena.take<T>(padded * (d + 1));
        x = arena.take<T>(kBlock * d);
        rx = arena.take<T>(kBlock * (d + 1));
        f = arena.take<T>(kBlock * Lanes<T>::count);
        bits = arena.take<Bits>(panels<T>(m) * kBlock * kVectors);
        end = arena.at;
    }
};

template <class T>
void pack(const Net<T>& net, const Space<T>& space) {
    const int64_t d = net.d;
    for (int64_t p = 0; p < panels<T>(net.m); ++p) {
        T* rows = space.weights + p * kPanel<T> * (d + 1);
        for (int64_t lane = 0; lane < kPanel<T>; ++lane) {
            const int64_t k = p * kPanel<T> + lane;
            const bool real = k < net.m;
            for (int64_t j = 0; j < d; ++j) rows[j * kPanel<T> + lane] = real ? net.w[k * d + j] : T(0);
            rows[d * kPanel<T> + lane] = real ? net.b[k] : T(0);
            space.outer[k] = real ? net.a[k] : T(0);
        }
    }
}

// One panel's share of the predictions at `count` points, a multiple of kTile. D is d, or 0 to read it.
template <class T, int D>
void forward(const T* weights, const T* outer, const T* x, int64_t count, int64_t dim, T* f, Bits* bits) {
    using L = Lanes<T>;
    using V = typename L::Vector;
    const int64_t d = D ? D : dim;
    for (int64_t i = 0; i < count; i += kTile) {
        V z[kTile][kVectors];
        for (int p = 0; p < kTile; ++p)
            for (int v = 0; v < kVectors; ++v) z[p][v] = L::load(weights + d * kPanel<T> + v * L::count);
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
                value += L::load(outer + v * L::count) * mask.keep(z[p][v]);
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

template <class T>
void block(const Net<T>& net, const Data<T>& data, int64_t from, int64_t size, const Sums<T>& out,
           const Space<T>& space) {
    const int64_t d = net.d, stride = d + 1, count = (size + kTile - 1) / kTile * kTile;
    const auto row = [&](int64_t i) { return data.chosen ? static_cast<int64_t>(data.chosen[from + i]) : from + i; };
    for (int64_t i = 0; i < count; ++i)
        for (int64_t j = 0; j < d; ++j) space.x[i * d + j] = i < size ? data.points[row(i) * d + j] : T(0);
    for (int64_t i = 0; i < count * Lanes<T>::count; ++i) space.f[i] = 0;
    const auto go = d == 1 ? forward<T, 1> : d == 2 ? forward<T, 2> : d == 3 ? forward<T, 3> : forward<T, 0>;
    for (int64_t p = 0; p < panels<T>(net.m); ++p)
        go(space.weights + p * kPanel<T> * stride, space.outer + p * kPanel<T>, space.x, count, d, space.f,
           space.bits + p * kBlock * kVectors);
    for (int64_t i = 0; i < size; ++i) {
        const T* x = space.x + i * d;
        T value = *net.c + Lanes<T>::sum(Lanes<T>::load(space.f + i * Lanes<T>::count));
        if (net.v)
            for (int64_t j = 0; j < d; ++j) value += net.v[j] * x[j];
        const T r = value - data.values[row(i)];
        const T share = (data.weights ? data.weights[row(i)] : T(1)) / static_cast<T>(data.n), back = share * r;
        *out.loss += 0.5 * static_cast<double>(back) * static_cast<double>(r);
        *out.c += back;
        T* rx = space.rx + i * stride;
        for (int64_t j = 0; j < d; ++j) rx[j] = back * x[j];
        rx[d] = back;
        if (net.v)
            for (int64_t j = 0; j < d; ++j) out.v[j] += rx[j];
    }
    for (int64_t p = 0; p < panels<T>(net.m); ++p)
        backward_columns<T>(stride, space.rx, space.bits + p * kBlock * kVectors, size, stride,
                            space.sums + p * kPanel<T> * stride);
}

template <class T>
void dense(const Net<T>& net, const Data<T>& data, int64_t from, int64_t to, const Sums<T>& out, std::byte* scratch) {
    const Space<T> space(scratch, net.m, net.d);
    const int64_t d = net.d, whole = panels<T>(net.m) * kPanel<T> * (d + 1);
    pack(net, space);
    for (int64_t i = 0; i < whole; ++i) space.sums[i] = 0;
    *out.loss = *out.c = 0;
    if (net.v)
        for (int64_t j = 0; j < d; ++j) out.v[j] = 0;
    for (int64_t i = from; i < to; i += kBlock) block(net, data, i, to - i < kBlock ? to - i : kBlock, out, space);
    for (int64_t k = 0; k < net.m; ++k) {
        const T* g = space.sums + k / kPanel<T> * kPanel<T> * (d + 1) + k % kPanel<T>;
        T outer = net.b[k] * g[d * kPanel<T>];
        for (int64_t j = 0; j < d; ++j) {
            outer += net.w[k * d + j] * g[j * kPanel<T>];
            out.w[k * d + j] = net.a[k] * g[j * kPanel<T>];
        }
        out.b[k] = net.a[k] * g[d * kPanel<T>];
        out.a[k] = outer;
    }
}

size_t scratch_size(int64_t m, int64_t d, size_t item) {
    const auto size = [&](auto zero) { return Space<decltype(zero)>(nullptr, m, d).end - static_cast<std::byte*>(nullptr); };
    return static_cast<size_t>(item == sizeof(float) ? size(0.0F) : size(0.0));
}

}  // namespace

namespace minnorm::train {

extern const Kernel MINNORM_ISA;
const Kernel MINNORM_ISA = {&dense<float>, &dense<double>, &scratch_size};

}  // namespace minnorm::train
