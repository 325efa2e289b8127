// Loss and gradient of K networks at once, as an XLA FFI handler.
//
// Arguments: w (..., m, d), b (..., m), a (..., m), c (...), v (..., d or 0), points (..., N, d), values (..., N),
// weights (..., N or 0), chosen (..., n or 0); leading sizes are those of the K networks, or all 1 for what the
// networks share. A last size of 0 says that there is none. Results: loss (...), and gradients shaped as w, b, a, c, v.
//
// A network's points are cut into parts that depend on their number alone; parts are summed in order. So a network's
// numbers depend neither on its company nor on threads.
#include "handler.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "../parallel.hpp"
#include "kernel.hpp"
#include "xla/ffi/api/ffi.h"

namespace minnorm::train {

namespace ffi = xla::ffi;

namespace {

constexpr int64_t kParts = 16;              // of a network's points, at most
constexpr double kLeast = 4e6;              // operations worth a thread
constexpr std::align_val_t kAlignment{64};

const Kernel* kernel(std::string_view name) {
    const auto names = instruction_sets();
    if (std::find(names.begin(), names.end(), name) == names.end()) return nullptr;
#ifdef MINNORM_X86
    if (name == "avx512") return &avx512;
    if (name == "avx2") return &avx2;
#endif
    return &generic;
}

// Memory that a thread keeps from call to call.
std::byte* scratch(size_t size) {
    struct Free {
        void operator()(std::byte* p) const { ::operator delete(p, kAlignment); }
    };
    thread_local std::unique_ptr<std::byte, Free> kept;
    thread_local size_t room = 0;
    if (size > room) {
        kept.reset();
        room = 0;
        kept.reset(static_cast<std::byte*>(::operator new(size, kAlignment)));
        room = size;
    }
    return kept.get();
}

// One argument or result: how many networks it has, and where the first starts.
struct Batch {
    int64_t count = 1, size = 1, last = 1;
    void* data;
    Batch(const ffi::AnyBuffer& buffer, size_t own) : data(buffer.untyped_data()) {
        const auto dims = buffer.dimensions();
        for (size_t i = 0; i < dims.size(); ++i) (i + own < dims.size() ? count : size) *= dims[i];
        if (own > 0) last = dims[dims.size() - 1];
    }
    template <class T>
    T* at(int64_t k) const {
        return size == 0 ? nullptr : static_cast<T*>(data) + (count == 1 ? 0 : k) * size;
    }
};

struct Call {
    Batch w, b, a, c, v, points, values, weights, chosen, loss, dw, db, da, dc, dv;
    int64_t networks, m, d, n;
    bool ascending;
    const Kernel* kernel;
    int threads;

    template <class T>
    Net<T> net(int64_t k) const {
        return {m, d, w.at<T>(k), b.at<T>(k), a.at<T>(k), c.at<T>(k), v.at<T>(k)};
    }
    template <class T>
    Data<T> data(int64_t k) const {
        return {n, points.at<T>(k), values.at<T>(k), weights.at<T>(k), chosen.at<int32_t>(k)};
    }
};

// Everything of one network whose points stay in one part, or of one part.
template <class T>
struct Share {
    std::vector<T> gradient;    // w, b, a; empty where it goes straight to the result
    std::vector<double> small;  // loss, c, v
};

template <class T>
void run(const Call& call) {
    const int64_t m = call.m, d = call.d, n = call.n, size = m * (d + 2);
    const int64_t blocks = (n + kBlock - 1) / kBlock;
    const int64_t step = call.ascending ? n : (blocks + kParts - 1) / kParts * kBlock, parts = (n + step - 1) / step;
    const double work = call.ascending ? 100.0 * static_cast<double>(m + n) : 4.0 * static_cast<double>(n * m * (d + 2));
    const int threads = static_cast<int>(std::min<double>(call.threads, 1 + work * static_cast<double>(call.networks) / kLeast));
    const size_t room = call.ascending ? line_scratch(n, m) : call.kernel->scratch(m, d, sizeof(T));
    std::vector<Share<T>> shares(static_cast<size_t>(call.networks * parts));
    parallel(static_cast<int>(shares.size()), threads, [&] { return scratch(room); }, [&](std::byte* space, int item) {
        const int64_t k = item / parts, from = item % parts * step;
        Share<T>& share = shares[static_cast<size_t>(item)];
        if (parts > 1) share.gradient.resize(static_cast<size_t>(size));
        share.small.resize(static_cast<size_t>(2 + d));
        T* g = share.gradient.data();
        double* s = share.small.data();
        const Sums<T> out = parts > 1 ? Sums<T>{g, g + m * d, g + m * d + m, s, s + 1, s + 2}
                                      : Sums<T>{call.dw.at<T>(k), call.db.at<T>(k), call.da.at<T>(k), s, s + 1, s + 2};
        const auto net = call.net<T>(k);
        const auto data = call.data<T>(k);
        if (call.ascending) return line(net, data, out, space);
        const auto dense = [&] {
            if constexpr (sizeof(T) == sizeof(float)) return call.kernel->single;
            else return call.kernel->real;
        }();
        dense(net, data, from, std::min(n, from + step), out, space);
    });
    for (int64_t k = 0; k < call.networks; ++k) {
        const auto first = shares.begin() + k * parts;
        for (auto next = first + 1; next < first + parts; ++next) {
            for (size_t i = 0; i < next->gradient.size(); ++i) first->gradient[i] += next->gradient[i];
            for (size_t i = 0; i < next->small.size(); ++i) first->small[i] += next->small[i];
        }
        if (parts > 1) {
            const T* g = first->gradient.data();
            std::copy_n(g, m * d, call.dw.at<T>(k));
            std::copy_n(g + m * d, m, call.db.at<T>(k));
            std::copy_n(g + m * d + m, m, call.da.at<T>(k));
        }
        *call.loss.at<T>(k) = static_cast<T>(first->small[0]);
        *call.dc.at<T>(k) = static_cast<T>(first->small[1]);
        for (int64_t j = 0; j < call.dv.last; ++j) call.dv.at<T>(k)[j] = static_cast<T>(first->small[static_cast<size_t>(2 + j)]);
    }
}

using In = ffi::AnyBuffer;
using Out = ffi::Result<ffi::AnyBuffer>;

ffi::Error loss_and_gradient(In w, In b, In a, In c, In v, In points, In values, In weights, In chosen, Out loss, Out dw,
                             Out db, Out da, Out dc, Out dv, std::string_view instructions, int64_t threads,
                             bool ascending) {
    Call call{{w, 2},      {b, 1},       {a, 1},      {c, 0},   {v, 1},   {points, 2}, {values, 1}, {weights, 1},
              {chosen, 1}, {*loss, 0},   {*dw, 2},    {*db, 1}, {*da, 1}, {*dc, 0},    {*dv, 1},    0,
              0,           0,            0,           ascending, kernel(instructions), static_cast<int>(threads)};
    if (!call.kernel) return ffi::Error::InvalidArgument("this processor does not run the instruction set asked for");
    call.networks = call.loss.count;
    call.m = call.b.last, call.d = call.points.last;
    call.n = call.chosen.size ? call.chosen.last : call.values.last;
    for (const Batch* batch : {&call.w, &call.b, &call.a, &call.c, &call.v, &call.points, &call.values, &call.weights, &call.chosen})
        if (batch->count != 1 && batch->count != call.networks)
            return ffi::Error::InvalidArgument("an argument has neither one entry nor one for each network");
    if (call.n == 0 || (ascending && (call.d != 1 || call.chosen.size)))
        return ffi::Error::InvalidArgument("there must be points, and ascending ones have one coordinate and no choice");
    if (w.element_type() == ffi::F32) run<float>(call);
    else if (w.element_type() == ffi::F64) run<double>(call);
    else return ffi::Error::InvalidArgument("networks must be float32 or float64");
    return ffi::Error::Success();
}

XLA_FFI_DEFINE_HANDLER(kHandler, loss_and_gradient,
                       ffi::Ffi::Bind()
                           .Arg<In>().Arg<In>().Arg<In>().Arg<In>().Arg<In>()
                           .Arg<In>().Arg<In>().Arg<In>().Arg<In>()
                           .Ret<In>().Ret<In>().Ret<In>().Ret<In>().Ret<In>().Ret<In>()
                           .Attr<std::string_view>("instructions")
                           .Attr<int64_t>("threads")
                           .Attr<bool>("ascending"));

}  // namespace

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
#ifdef MINNORM_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        names.emplace_back("avx512");
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) names.emplace_back("avx2");
#endif
    names.emplace_back("generic");
    return names;
}

void* handler() { return reinterpret_cast<void*>(kHandler); }

}  // namespace minnorm::train
