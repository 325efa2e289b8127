// Programs' array part, for one instruction set: each instruction takes a chunk that stays in the nearest cache.
// Included by kernel.cpp alone, whose rule about shared functions holds here too.
#pragma once

#include "lanes.hpp"
#include "program.hpp"

namespace {

using minnorm::train::Component;
using minnorm::train::Instruction;
using minnorm::train::Op;

constexpr int64_t kChunk = 256;

// Operands: numbers of an array, or one number for all of them.
template <class T>
struct Row {
    using V = typename Lanes<T>::Vector;
    const T* from;
    V at(int64_t i) const { return Lanes<T>::load(from + i); }
};
template <class T>
struct One {
    using V = typename Lanes<T>::Vector;
    V value;
    V at(int64_t) const { return value; }
};

template <class T, class Body>
void with(const T* const* rows, const T* scalars, int32_t operand, Body body) {
    if (operand < 0) body(One<T>{Lanes<T>::fill(scalars[-(operand + 1)])});
    else body(Row<T>{rows[operand]});
}

template <class V, class F>
V by_lane(V a, F f) {
    for (size_t i = 0; i < sizeof(V) / sizeof(a[0]); ++i) a[i] = f(a[i]);
    return a;
}

inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }

template <class T>
void run(const Instruction& instruction, const T* const* rows, const T* scalars, T* to, int64_t count) {
    using L = Lanes<T>;
    using V = typename L::Vector;
    const V zero = L::fill(0), one = L::fill(1);
    const auto each = [&](auto f) {
        for (int64_t i = 0; i < count; i += L::count) L::store(to + i, f(i));
    };
    const auto unary = [&](auto f) {
        with(rows, scalars, instruction.a, [&](auto a) { each([&](int64_t i) { return f(a.at(i)); }); });
    };
    const auto binary = [&](auto f) {
        with(rows, scalars, instruction.a, [&](auto a) {
            with(rows, scalars, instruction.b, [&](auto b) { each([&](int64_t i) { return f(a.at(i), b.at(i)); }); });
        });
    };
    const auto ternary = [&](auto f) {
        with(rows, scalars, instruction.a, [&](auto a) {
            with(rows, scalars, instruction.b, [&](auto b) {
                with(rows, scalars, instruction.c,
                     [&](auto c) { each([&](int64_t i) { return f(a.at(i), b.at(i), c.at(i)); }); });
            });
        });
    };
    switch (instruction.op) {
        case Op::copy: return unary([](V a) { return a; });
        case Op::negate: return unary([](V a) { return -a; });
        case Op::absolute: return unary([&](V a) { return a < zero ? -a : a; });
        case Op::sign: return unary([&](V a) { return a > zero ? one : a < zero ? -one : a; });
        case Op::sqrt: return unary([](V a) { return by_lane(a, [](T x) { return root(x); }); });
        case Op::rsqrt: return unary([&](V a) { return one / by_lane(a, [](T x) { return root(x); }); });
        case Op::exp: return unary([](V a) { return by_lane(a, [](T x) { return static_cast<T>(__builtin_exp(x)); }); });
        case Op::log: return unary([](V a) { return by_lane(a, [](T x) { return static_cast<T>(__builtin_log(x)); }); });
        case Op::cos: return unary([](V a) { return by_lane(a, [](T x) { return static_cast<T>(__builtin_cos(x)); }); });
        case Op::invert: return unary([&](V a) { return a == zero ? one : zero; });
        case Op::add: return binary([](V a, V b) { return a + b; });
        case Op::subtract: return binary([](V a, V b) { return a - b; });
        case Op::multiply: return binary([](V a, V b) { return a * b; });
        case Op::divide: return binary([](V a, V b) { return a / b; });
        case Op::maximum: return binary([](V a, V b) { return a > b ? a : a != a ? a : b; });
        case Op::minimum: return binary([](V a, V b) { return a < b ? a : a != a ? a : b; });
        case Op::power:
            return binary([](V a, V b) {
                for (int i = 0; i < L::count; ++i) a[i] = static_cast<T>(__builtin_pow(a[i], b[i]));
                return a;
            });
        case Op::less: return binary([&](V a, V b) { return a < b ? one : zero; });
        case Op::less_equal: return binary([&](V a, V b) { return a <= b ? one : zero; });
        case Op::greater: return binary([&](V a, V b) { return a > b ? one : zero; });
        case Op::greater_equal: return binary([&](V a, V b) { return a >= b ? one : zero; });
        case Op::equal: return binary([&](V a, V b) { return a == b ? one : zero; });
        case Op::not_equal: return binary([&](V a, V b) { return a != b ? one : zero; });
        case Op::both: return binary([&](V a, V b) { return a != zero ? (b != zero ? one : zero) : zero; });
        case Op::either: return binary([&](V a, V b) { return a != zero ? one : (b != zero ? one : zero); });
        case Op::multiply_add: return ternary([](V a, V b, V c) { return a * b + c; });
        case Op::multiply_subtract: return ternary([](V a, V b, V c) { return a * b - c; });
        case Op::subtract_multiply: return ternary([](V a, V b, V c) { return c - a * b; });
        case Op::select: return ternary([&](V a, V b, V c) { return a != zero ? b : c; });
    }
}

template <class T>
void update(const Component& component, int64_t count, T* const* arrays, const T* scalars, T* scratch) {
    constexpr int64_t kRows = 64;
    T* rows[kRows];
    const auto slots = static_cast<int64_t>(component.slots.size());
    for (int32_t t = 0; t < component.temporaries; ++t) rows[slots + t] = scratch + t * kChunk;
    for (int64_t from = 0; from < count; from += kChunk) {
        for (int64_t s = 0; s < slots; ++s) rows[s] = arrays[component.slots[static_cast<size_t>(s)]] + from;
        const int64_t size = count - from < kChunk ? count - from : kChunk;
        for (const Instruction& instruction : component.instructions)
            run<T>(instruction, rows, scalars, rows[instruction.to], size);
    }
}

}  // namespace
