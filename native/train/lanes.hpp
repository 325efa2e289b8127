// Vectors of one instruction set: arithmetic comes from the compiler, masks from here.
// `active` is !(z <= 0), so that what is not a number counts as active and stays visible.
#pragma once

#include <cstdint>
#include <cstring>
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace {

#if MINNORM_BYTES == 64
constexpr int kTile = 8, kColumns = 8;  // points, and columns of the gradient, that stay in registers
#else
constexpr int kTile = 4, kColumns = 6;
#endif

template <class T>
struct Lanes {
    static constexpr int count = MINNORM_BYTES / sizeof(T);
    typedef T Vector __attribute__((vector_size(MINNORM_BYTES)));
    static Vector load(const T* p) { return *reinterpret_cast<const Vector*>(p); }
    static void store(T* p, Vector x) { *reinterpret_cast<Vector*>(p) = x; }
    static Vector fill(T x) { return Vector{} + x; }
    // The sums of each of `count` vectors, in place of the first: neighbours are added, then pairs, then fours.
    static Vector sums(Vector (&x)[count]) { return halves<1>(x); }

private:
    using Places = decltype(Vector{} <= Vector{});
    template <int width>
    static Vector halves(Vector (&x)[count]) {
        if constexpr (width == count) {
            return x[0];
        } else {
            Places even{}, odd{};
            for (int i = 0; i < count; ++i) {
                const int from = i / (2 * width) * 2 * width + i % width + (i / width % 2 ? count : 0);
                even[i] = from, odd[i] = from + width;
            }
            for (int i = 0; i < count / (2 * width); ++i)
                x[i] = __builtin_shuffle(x[2 * i], x[2 * i + 1], even) + __builtin_shuffle(x[2 * i], x[2 * i + 1], odd);
            return halves<2 * width>(x);
        }
    }
};

#if MINNORM_BYTES == 64

using Bits = uint16_t;
template <class T>
struct Mask;
template <>
struct Mask<float> {
    using Vector = Lanes<float>::Vector;
    __mmask16 on;
    static Mask active(Vector z) { return {_mm512_cmp_ps_mask((__m512)z, _mm512_setzero_ps(), _CMP_NLE_UQ)}; }
    static Mask unpack(Bits bits) { return {bits}; }
    Bits pack() const { return on; }
    Vector keep(Vector z) const { return (Vector)_mm512_maskz_mov_ps(on, (__m512)z); }
    Vector add(Vector to, Vector x) const { return (Vector)_mm512_mask_add_ps((__m512)to, on, (__m512)to, (__m512)x); }
};
template <>
struct Mask<double> {
    using Vector = Lanes<double>::Vector;
    __mmask8 on;
    static Mask active(Vector z) { return {_mm512_cmp_pd_mask((__m512d)z, _mm512_setzero_pd(), _CMP_NLE_UQ)}; }
    static Mask unpack(Bits bits) { return {static_cast<__mmask8>(bits)}; }
    Bits pack() const { return on; }
    Vector keep(Vector z) const { return (Vector)_mm512_maskz_mov_pd(on, (__m512d)z); }
    Vector add(Vector to, Vector x) const {
        return (Vector)_mm512_mask_add_pd((__m512d)to, on, (__m512d)to, (__m512d)x);
    }
};

#else

using Bits = uint8_t;
template <class T>
struct Mask {
    using Vector = typename Lanes<T>::Vector;
    using Whole = decltype(Vector{} <= Vector{});  // whole numbers as wide as T, all bits set or none
    Whole on;
    static Mask active(Vector z) { return {~(z <= Vector{})}; }
    static Whole places() {
        Whole place{};
        for (int i = 0; i < Lanes<T>::count; ++i) place[i] = 1 << i;
        return place;
    }
    static Mask unpack(Bits bits) {
        const Whole place = places();
        return {((Whole{} + bits) & place) == place};
    }
    Bits pack() const {
#if MINNORM_BYTES == 32
        if constexpr (sizeof(T) == 4) return static_cast<Bits>(_mm256_movemask_ps((__m256)on));
        else return static_cast<Bits>(_mm256_movemask_pd((__m256d)on));
#elif defined(__SSE2__)
        if constexpr (sizeof(T) == 4) return static_cast<Bits>(_mm_movemask_ps((__m128)on));
        else return static_cast<Bits>(_mm_movemask_pd((__m128d)on));
#else
        const Whole set = on & places();
        Bits bits = 0;
        for (int i = 0; i < Lanes<T>::count; ++i) bits |= static_cast<Bits>(set[i]);
        return bits;
#endif
    }
    Vector keep(Vector z) const { return (Vector)(on & (Whole)z); }
    Vector add(Vector to, Vector x) const { return to + keep(x); }
};

#endif

}  // namespace
