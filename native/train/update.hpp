// Programs' array part, for one instruction set: each instruction is a function that takes a chunk, small enough to
// stay in the nearest cache. Included by kernel.cpp alone, whose rule about shared functions holds here too.
#pragma once

#include "kernel.hpp"
#include "lanes.hpp"

namespace {

using minnorm::train::Move;
using minnorm::train::Op;
using minnorm::train::Step;

constexpr int64_t kChunk = 256;

inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }

template <class V, class F>
V by_lane(V a, F f) {
    for (size_t i = 0; i < sizeof(V) / sizeof(a[0]); ++i) a[i] = f(a[i]);
    return a;
}

template <class T, Op op>
typename Lanes<T>::Vector apply(typename Lanes<T>::Vector a, typename Lanes<T>::Vector b, typename Lanes<T>::Vector c) {
    using L = Lanes<T>;
    using V = typename L::Vector;
    const V zero = L::fill(0), one = L::fill(1);
    switch (op) {
        case Op::copy: return a;
        case Op::negate: return -a;
        case Op::absolute: return a < zero ? -a : a;
        case Op::sign: return a > zero ? one : a < zero ? -one : a;
        case Op::sqrt: return by_lane(a, [](T x) { return root(x); });
        case Op::rsqrt: return one / by_lane(a, [](T x) { return root(x); });
        case Op::exp: return by_lane(a, [](T x) { return static_cast<T>(__builtin_exp(x)); });
        case Op::log: return by_lane(a, [](T x) { return static_cast<T>(__builtin_log(x)); });
        case Op::cos: return by_lane(a, [](T x) { return static_cast<T>(__builtin_cos(x)); });
        case Op::invert: return a == zero ? one : zero;
        case Op::add: return a + b;
        case Op::subtract: return a - b;
        case Op::multiply: return a * b;
        case Op::divide: return a / b;
        case Op::maximum: return a > b ? a : a != a ? a : b;
        case Op::minimum: return a < b ? a : a != a ? a : b;
        case Op::power:
            for (int i = 0; i < L::count; ++i) a[i] = static_cast<T>(__builtin_pow(a[i], b[i]));
            return a;
        case Op::less: return a < b ? one : zero;
        case Op::less_equal: return a <= b ? one : zero;
        case Op::greater: return a > b ? one : zero;
        case Op::greater_equal: return a >= b ? one : zero;
        case Op::equal: return a == b ? one : zero;
        case Op::not_equal: return a != b ? one : zero;
        case Op::both: return a != zero ? (b != zero ? one : zero) : zero;
        case Op::either: return a != zero ? one : (b != zero ? one : zero);
        case Op::multiply_add: return a * b + c;
        case Op::multiply_subtract: return a * b - c;
        case Op::subtract_multiply: return c - a * b;
        case Op::select: return a != zero ? b : c;
    }
    return a;
}

// A, B, C: whether an operand is an array, or one number.
template <class T, Op op, bool A, bool B, bool C>
void step(const T* a, const T* b, const T* c, T* to, int64_t count) {
    using L = Lanes<T>;
    const auto one_a = L::fill(*a), one_b = L::fill(*b), one_c = L::fill(*c);
#pragma GCC unroll 4
    for (int64_t i = 0; i < count; i += L::count)
        L::store(to + i,
                 apply<T, op>(A ? L::load(a + i) : one_a, B ? L::load(b + i) : one_b, C ? L::load(c + i) : one_c));
}

template <class T, Op op, bool... known, class... More>
Step<T> chosen(bool next, More... more) {
    if constexpr (sizeof...(more) == 0) return next ? &step<T, op, known..., true> : &step<T, op, known..., false>;
    else return next ? chosen<T, op, known..., true>(more...) : chosen<T, op, known..., false>(more...);
}

template <class T, int32_t op = 0>
Step<T> step_of(Op asked, bool a, bool b, bool c) {
    if (static_cast<int32_t>(asked) == op) return chosen<T, static_cast<Op>(op)>(a, b, c);
    if constexpr (op < static_cast<int32_t>(Op::select)) return step_of<T, op + 1>(asked, a, b, c);
    else return nullptr;
}

template <class T>
void update(const Move<T>* from, const Move<T>* to, int64_t count) {
    for (int64_t at = 0; at < count; at += kChunk) {
        const int64_t size = count - at < kChunk ? count - at : kChunk;
        for (const Move<T>* m = from; m != to; ++m)
            m->step(m->a + at * m->moves[0], m->b + at * m->moves[1], m->c + at * m->moves[2], m->to + at * m->moves[3],
                    size);
    }
}

}  // namespace
