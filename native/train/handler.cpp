// Loss and gradient of K networks at once, and whole steps of an optimiser, as XLA FFI handlers.
//
// Arguments come for K networks, leading sizes being those of the batch, or all 1 for what the networks share. A last
// size of 0 says that there is none: of points' weights (..., N or 0), chosen rows (..., n or 0), skip terms (..., 0).
#include "handler.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "descent.hpp"
#ifdef MINNORM_X86
#include <xmmintrin.h>
#endif

namespace minnorm::train {

namespace {

template <class T>
const Kernel<T>& kernel_of(std::string_view name) {
    const auto names = instruction_sets();
    if (std::find(names.begin(), names.end(), name) == names.end())
        throw std::invalid_argument("this processor does not run the instruction set asked for");
    const Kernels* found = &generic;
#ifdef MINNORM_X86
    if (name == "avx512") found = &avx512;
    if (name == "avx2") found = &avx2;
#endif
    if constexpr (sizeof(T) == sizeof(float)) return found->single;
    else return found->real;
}

// Numbers too small for full precision count as 0 while this lives, as in XLA's own threads: they cost much time in an
// optimiser's memory, and a number must not depend on which thread computes it.
class Flush {
public:
#ifdef MINNORM_X86
    Flush() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
    Flush(const Flush&) = delete;
    Flush& operator=(const Flush&) = delete;
    ~Flush() { _mm_setcsr(before_); }

private:
    unsigned before_;
#endif
};

using In = ffi::AnyBuffer;
using Out = ffi::Result<ffi::AnyBuffer>;

template <class T>
void gradients(const Work& work, const Kernel<T>& kernel, const Batch& w, const Batch& b, const Batch& a,
               const Batch& c, const Batch& v, const Batch& loss, const Batch& dw, const Batch& db, const Batch& da,
               const Batch& dc, const Batch& dv, Slopes slopes) {
    const int64_t m = work.m, d = work.d;
    const auto gradient = work.gradient(kernel);
    const int64_t width = gradient.width();
    const auto make = [&] {
        return std::make_unique<Room>(static_cast<size_t>(2 * width * (d + 2)) * sizeof(T) + gradient.room());
    };
    parallel(static_cast<int>(work.networks), work.outer(gradient, 1), make,
             [&](const std::unique_ptr<Room>& room, int k) {
                 const Flush flush;
                 T* inner = reinterpret_cast<T*>(room->at());
                 T *biases = inner + width * d, *outer = biases + width, *g = outer + width, *gb = g + width * d,
                   *ga = gb + width;
                 to_panels(w.at<T>(k), m, d, kernel.panel, inner);
                 to_panels(b.at<T>(k), m, 1, kernel.panel, biases);
                 to_panels(a.at<T>(k), m, 1, kernel.panel, outer);
                 std::vector<double> few(static_cast<size_t>(2 + d));
                 gradient(slopes.net<T>({m, d, inner, biases, outer, *c.at<T>(k), v.at<T>(k)}), work.data<T>(k, 0), g,
                          gb, ga, few.data(), reinterpret_cast<std::byte*>(ga + width));
                 from_panels(g, m, d, kernel.panel, dw.at<T>(k));
                 from_panels(gb, m, 1, kernel.panel, db.at<T>(k));
                 from_panels(ga, m, 1, kernel.panel, da.at<T>(k));
                 *loss.at<T>(k) = static_cast<T>(few[0]);
                 *dc.at<T>(k) = static_cast<T>(few[1]);
                 for (int64_t j = 0; j < dv.last; ++j) dv.at<T>(k)[j] = static_cast<T>(few[static_cast<size_t>(2 + j)]);
             });
}

// Both handlers: by type, with what is wrong as XLA's error.
template <class Run>
ffi::Error by_type(const ffi::AnyBuffer& of, Run run) {
    try {
        if (of.element_type() == ffi::F32) run(float{});
        else if (of.element_type() == ffi::F64) run(double{});
        else return ffi::Error::InvalidArgument("networks must be float32 or float64");
    } catch (const std::exception& error) {
        return ffi::Error::InvalidArgument(error.what());
    }
    return ffi::Error::Success();
}

ffi::Error loss_and_gradient(In w, In b, In a, In c, In v, In points, In values, In weights, In chosen, Out loss,
                             Out dw, Out db, Out da, Out dc, Out dv, std::string_view instructions, int64_t threads,
                             bool ascending, double plus, double minus, int64_t paid, double number) {
    return by_type(w, [&](auto zero) {
        const Batch inner(w, 2), biases(b, 1), outer(a, 1), offset(c, 0), skip(v, 1), losses(*loss, 0);
        const Work work(points, values, weights, chosen, 1, losses.count, biases.last, ascending, threads);
        for (const Batch* batch : {&inner, &biases, &outer, &offset, &skip}) work.check(*batch);
        gradients(work, kernel_of<decltype(zero)>(instructions), inner, biases, outer, offset, skip, losses,
                  Batch(*dw, 2), Batch(*db, 1), Batch(*da, 1), Batch(*dc, 0), Batch(*dv, 1),
                  Slopes{plus, minus, paid, number});
    });
}

// clang-format off
XLA_FFI_DEFINE_HANDLER(kGradient, loss_and_gradient,
                       ffi::Ffi::Bind()
                           .Arg<In>().Arg<In>().Arg<In>().Arg<In>().Arg<In>()
                           .Arg<In>().Arg<In>().Arg<In>().Arg<In>()
                           .Ret<In>().Ret<In>().Ret<In>().Ret<In>().Ret<In>().Ret<In>()
                           .Attr<std::string_view>("instructions")
                           .Attr<int64_t>("threads")
                           .Attr<bool>("ascending")
                           .Attr<double>("plus")
                           .Attr<double>("minus")
                           .Attr<int64_t>("loss")
                           .Attr<double>("number"));
// clang-format on

// Arguments: how many steps to take, the data, with chosen (..., steps or more, n or 0) a row for each step, learning
// rate, weight decay, then the leaves of network and memory; results: the leaves after the steps.
ffi::Error descend(In count, In points, In values, In weights, In chosen, In rate, In decay, ffi::RemainingArgs from,
                   ffi::RemainingRets to, std::string_view instructions, int64_t threads, bool ascending, int64_t parts,
                   ffi::Span<const int64_t> kinds, ffi::Span<const int64_t> code, ffi::Span<const double> constants,
                   double plus, double minus, int64_t paid, double number) {
    const auto first = from.get<ffi::AnyBuffer>(0);
    if (!first.has_value()) return first.error();
    return by_type(*first, [&](auto zero) {
        using T = decltype(zero);
        const size_t own[] = {0, 1, 2, 1};
        std::vector<Leaf> leaves;
        if (from.size() != kinds.size() || to.size() != kinds.size()) throw std::invalid_argument("a leaf has no kind");
        for (size_t i = 0; i < from.size(); ++i) {
            const auto in = *from.get<ffi::AnyBuffer>(i);
            auto out = to.get<ffi::AnyBuffer>(i);
            const size_t dims = own[kinds[i]];
            leaves.push_back({Batch(in, dims), Batch(**out, dims), static_cast<Kind>(kinds[i]), in.element_type()});
        }
        const Program program = decode(code.begin(), static_cast<int64_t>(code.size()), constants.begin(),
                                       static_cast<int64_t>(constants.size()));
        const Batch& networks = leaves[3].to;
        const Work work(points, values, weights, chosen, 2, networks.count, leaves[1].from.last, ascending, threads);
        for (const Leaf& leaf : leaves) work.check(leaf.from);
        if (program.slots != static_cast<int64_t>(leaves.size()) + parts + 2)
            throw std::invalid_argument("not a program");
        const Descent descent{work,
                              program,
                              leaves,
                              static_cast<size_t>(parts),
                              Batch(rate, 0),
                              Batch(decay, 0),
                              rate.element_type(),
                              decay.element_type(),
                              *Batch(count, 0).at<int32_t>(0),
                              Slopes{plus, minus, paid, number}};
        if (work.chosen.size && descent.steps * work.n > work.chosen.size)
            throw std::invalid_argument("there are fewer choices of rows than steps");
        const auto& kernel = kernel_of<T>(instructions);
        const auto gradient = work.gradient(kernel);
        const auto make = [&] { return std::make_unique<Room>(descent.room(kernel, gradient)); };
        parallel(static_cast<int>(work.networks), work.outer(gradient, descent.steps), make,
                 [&](const std::unique_ptr<Room>& room, int k) {
                     const Flush flush;
                     descent.run(kernel, gradient, k, room->at());
                 });
    });
}

// clang-format off
XLA_FFI_DEFINE_HANDLER(kDescent, descend,
                       ffi::Ffi::Bind()
                           .Arg<In>().Arg<In>().Arg<In>().Arg<In>().Arg<In>().Arg<In>().Arg<In>()
                           .RemainingArgs()
                           .RemainingRets()
                           .Attr<std::string_view>("instructions")
                           .Attr<int64_t>("threads")
                           .Attr<bool>("ascending")
                           .Attr<int64_t>("parts")
                           .Attr<ffi::Span<const int64_t>>("kinds")
                           .Attr<ffi::Span<const int64_t>>("code")
                           .Attr<ffi::Span<const double>>("constants")
                           .Attr<double>("plus")
                           .Attr<double>("minus")
                           .Attr<int64_t>("loss")
                           .Attr<double>("number"));
// clang-format on

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

void* gradient_handler() { return reinterpret_cast<void*>(kGradient); }
void* descent_handler() { return reinterpret_cast<void*>(kDescent); }

}  // namespace minnorm::train
