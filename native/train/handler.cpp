// Loss and gradient of K networks at once, and whole steps of an optimiser, as XLA FFI handlers.
//
// Arguments come for K networks, leading sizes being those of the batch, or all 1 for what the networks share. A last
// size of 0 says that there is none: of points' weights (..., N or 0), chosen rows (..., n or 0), skip terms (..., 0).
#include "handler.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include "gradient.hpp"
#include "xla/ffi/api/ffi.h"
#ifdef MINNORM_X86
#include <xmmintrin.h>
#endif

namespace minnorm::train {

namespace ffi = xla::ffi;

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
    Data<T> data(int64_t k, int64_t step) const {
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

int64_t rounded(int64_t count, int64_t to) { return (count + to - 1) / to * to; }

using In = ffi::AnyBuffer;
using Out = ffi::Result<ffi::AnyBuffer>;

template <class T>
void gradients(const Work& work, const Kernel<T>& kernel, const Batch& w, const Batch& b, const Batch& a, const Batch& c,
               const Batch& v, const Batch& loss, const Batch& dw, const Batch& db, const Batch& da, const Batch& dc,
               const Batch& dv) {
    const int64_t m = work.m, d = work.d;
    const auto gradient = work.gradient(kernel);
    const int64_t width = gradient.width();
    const auto make = [&] {
        return std::make_unique<Room>(static_cast<size_t>(2 * width * (d + 2)) * sizeof(T) + gradient.room());
    };
    parallel(static_cast<int>(work.networks), work.outer(gradient, 1), make, [&](const std::unique_ptr<Room>& room, int k) {
        const Flush flush;
        T* inner = reinterpret_cast<T*>(room->at());
        T *biases = inner + width * d, *outer = biases + width, *g = outer + width, *gb = g + width * d, *ga = gb + width;
        to_panels(w.at<T>(k), m, d, kernel.panel, inner);
        to_panels(b.at<T>(k), m, 1, kernel.panel, biases);
        to_panels(a.at<T>(k), m, 1, kernel.panel, outer);
        std::vector<double> few(static_cast<size_t>(2 + d));
        gradient({m, d, inner, biases, outer, *c.at<T>(k), v.at<T>(k)}, work.data<T>(k, 0), g, gb, ga, few.data(),
                 reinterpret_cast<std::byte*>(ga + width));
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

ffi::Error loss_and_gradient(In w, In b, In a, In c, In v, In points, In values, In weights, In chosen, Out loss, Out dw,
                             Out db, Out da, Out dc, Out dv, std::string_view instructions, int64_t threads,
                             bool ascending) {
    return by_type(w, [&](auto zero) {
        const Batch inner(w, 2), biases(b, 1), outer(a, 1), offset(c, 0), skip(v, 1), losses(*loss, 0);
        const Work work(points, values, weights, chosen, 1, losses.count, biases.last, ascending, threads);
        for (const Batch* batch : {&inner, &biases, &outer, &offset, &skip}) work.check(*batch);
        gradients(work, kernel_of<decltype(zero)>(instructions), inner, biases, outer, offset, skip, losses, Batch(*dw, 2),
                  Batch(*db, 1), Batch(*da, 1), Batch(*dc, 0), Batch(*dv, 1));
    });
}

XLA_FFI_DEFINE_HANDLER(kGradient, loss_and_gradient,
                       ffi::Ffi::Bind()
                           .Arg<In>().Arg<In>().Arg<In>().Arg<In>().Arg<In>()
                           .Arg<In>().Arg<In>().Arg<In>().Arg<In>()
                           .Ret<In>().Ret<In>().Ret<In>().Ret<In>().Ret<In>().Ret<In>()
                           .Attr<std::string_view>("instructions")
                           .Attr<int64_t>("threads")
                           .Attr<bool>("ascending"));

// A leaf of the network or of the optimiser's memory, by its own shape: (), (m,), (m, d), (d,).
enum class Kind : int64_t { scalar, neurons, weights, coordinates };

struct Leaf {
    Batch from, to;
    Kind kind;
    ffi::DataType type;
};

double scalar(const Batch& batch, ffi::DataType type, int64_t k) {
    if (type == ffi::F32) return *batch.at<float>(k);
    if (type == ffi::F64) return *batch.at<double>(k);
    if (type == ffi::S32) return *batch.at<int32_t>(k);
    throw std::invalid_argument("a number of the optimiser has a type that programs do not know");
}

void set_scalar(const Batch& batch, ffi::DataType type, int64_t k, double value) {
    if (type == ffi::F32) *batch.at<float>(k) = static_cast<float>(value);
    else if (type == ffi::F64) *batch.at<double>(k) = value;
    else *batch.at<int32_t>(k) = static_cast<int32_t>(value);
}

// `slots` of a program are: the network's leaves w, b, a, c and perhaps v, their gradients in the same order, the
// optimiser's memory, learning rate and weight decay.
struct Descent {
    const Work& work;
    const Program& program;
    const std::vector<Leaf>& leaves;  // network and memory
    size_t parts;                     // leaves of the network
    Batch rate, decay;
    ffi::DataType rate_type, decay_type;
    int64_t steps;

    template <class T>
    int64_t size(Kind kind, const Kernel<T>& kernel) const {
        const int64_t width = rounded(work.m, kernel.panel);
        return kind == Kind::weights ? width * work.d : kind == Kind::neurons ? width : rounded(work.d, kernel.panel);
    }

    // Numbers that an update has to touch.
    template <class T>
    int64_t used(Kind kind, const Kernel<T>& kernel) const {
        if (kind == Kind::weights && work.d > 1) return size(kind, kernel);
        return rounded(kind == Kind::coordinates ? work.d : work.m, kernel.lanes);
    }

    // Slot of a leaf.
    size_t slot(size_t leaf) const { return leaf < parts ? leaf : leaf + parts; }

    template <class T>
    size_t room(const Kernel<T>& kernel, const Gradient<T>& gradient) const {
        int64_t count = 0;
        for (size_t i = 0; i < leaves.size(); ++i)
            if (leaves[i].kind != Kind::scalar) count += (i < parts ? 2 : 1) * size(leaves[i].kind, kernel);
        return static_cast<size_t>(count + temporaries() * kernel.chunk) * sizeof(T) + gradient.room();
    }

    int64_t temporaries() const {
        int64_t most = 0;
        for (const auto& component : program.components) most = std::max<int64_t>(most, component.temporaries);
        return most;
    }

    // The components' instructions with their operands' addresses, and how many numbers each is for.
    template <class T>
    std::vector<std::pair<std::vector<Move<T>>, int64_t>> plan(const Kernel<T>& kernel, const std::vector<T*>& arrays,
                                                              const T* scalars, T* room) const {
        std::vector<std::pair<std::vector<Move<T>>, int64_t>> found;
        for (const auto& component : program.components) {
            const auto slots = static_cast<int32_t>(component.slots.size());
            const auto row = [&](int32_t at) {
                return at < slots ? arrays[static_cast<size_t>(component.slots[static_cast<size_t>(at)])]
                                  : room + (at - slots) * kernel.chunk;
            };
            const auto operand = [&](int32_t at) { return at < 0 ? scalars - (at + 1) : row(at); };
            const auto moves = [&](int32_t at) { return at >= 0 && at < slots; };
            std::vector<Move<T>> steps;
            for (const Instruction& i : component.instructions)
                steps.push_back({kernel.step(i.op, i.a >= 0, i.b >= 0, i.c >= 0), operand(i.a), operand(i.b), operand(i.c),
                                 row(i.to), {moves(i.a), moves(i.b), moves(i.c), moves(i.to)}});
            const auto first = static_cast<size_t>(component.slots.front());
            found.emplace_back(std::move(steps), used(leaves[first < parts ? first : first - parts].kind, kernel));
        }
        return found;
    }

    template <class T>
    void run(const Kernel<T>& kernel, const Gradient<T>& gradient, int64_t k, std::byte* space) const {
        const int64_t m = work.m, d = work.d;
        std::vector<T*> arrays(static_cast<size_t>(program.slots), nullptr);
        std::vector<double> registers(static_cast<size_t>(program.registers));
        std::vector<T> scalars(registers.size());
        T* next = reinterpret_cast<T*>(space);
        for (size_t i = 0; i < leaves.size(); ++i) {
            const Leaf& leaf = leaves[i];
            if (leaf.kind == Kind::scalar) {
                registers[slot(i)] = scalar(leaf.from, leaf.type, k);
                continue;
            }
            const int64_t count = size(leaf.kind, kernel);
            T* here = arrays[slot(i)] = next;
            next += count;
            if (leaf.kind == Kind::weights) to_panels(leaf.from.at<T>(k), m, d, kernel.panel, here);
            else to_panels(leaf.from.at<T>(k), leaf.kind == Kind::neurons ? m : d, 1, kernel.panel, here);
            if (i < parts) {
                arrays[parts + i] = next;
                std::fill_n(next, count, T(0));
                next += count;
            }
        }
        registers[static_cast<size_t>(program.slots) - 2] = scalar(rate, rate_type, k);
        registers[static_cast<size_t>(program.slots) - 1] = scalar(decay, decay_type, k);
        std::copy(program.constants.begin(), program.constants.end(), registers.begin() + program.slots);
        const auto parts_of_update = plan(kernel, arrays, scalars.data(), next);
        std::byte* rest = reinterpret_cast<std::byte*>(next + temporaries() * kernel.chunk);
        std::vector<double> few(static_cast<size_t>(2 + d));
        std::vector<double> results(program.outputs.size());
        const bool skip = parts > 4;
        for (int64_t step = 0; step < steps; ++step) {
            const Net<T> net{m, d, arrays[0], arrays[1], arrays[2], static_cast<T>(registers[3]), skip ? arrays[4] : nullptr};
            gradient(net, work.data<T>(k, step), arrays[parts], arrays[parts + 1], arrays[parts + 2], few.data(), rest);
            registers[parts + 3] = static_cast<T>(few[1]);
            for (int64_t j = 0; skip && j < d; ++j) arrays[parts + 4][j] = static_cast<T>(few[static_cast<size_t>(2 + j)]);
            run_scalars(program, registers.data());
            for (size_t i = 0; i < registers.size(); ++i) scalars[i] = static_cast<T>(registers[i]);
            for (const auto& [moves, count] : parts_of_update)
                kernel.update(moves.data(), moves.data() + moves.size(), count);
            for (size_t i = 0; i < results.size(); ++i) results[i] = registers[static_cast<size_t>(program.outputs[i].from)];
            for (size_t i = 0; i < results.size(); ++i) registers[static_cast<size_t>(program.outputs[i].slot)] = results[i];
            // The filling stays out of the sums, whatever an optimiser makes of zeros.
            const int64_t last = m / kernel.panel * kernel.panel, filling = gradient.width() - m;
            if (filling == 0) continue;
            for (int64_t j = 0; j < d; ++j) std::fill_n(arrays[0] + last * d + j * kernel.panel + m - last, filling, T(0));
            std::fill_n(arrays[1] + m, filling, T(0));
            std::fill_n(arrays[2] + m, filling, T(0));
        }
        for (size_t i = 0; i < leaves.size(); ++i) {
            const Leaf& leaf = leaves[i];
            if (leaf.kind == Kind::scalar) set_scalar(leaf.to, leaf.type, k, registers[slot(i)]);
            else if (leaf.kind == Kind::weights) from_panels(arrays[slot(i)], m, d, kernel.panel, leaf.to.at<T>(k));
            else from_panels(arrays[slot(i)], leaf.kind == Kind::neurons ? m : d, 1, kernel.panel, leaf.to.at<T>(k));
        }
    }
};

// Arguments: how many steps to take, the data, with chosen (..., steps or more, n or 0) a row for each step, learning
// rate, weight decay, then the leaves of network and memory; results: the leaves after the steps.
ffi::Error descend(In count, In points, In values, In weights, In chosen, In rate, In decay, ffi::RemainingArgs from,
                   ffi::RemainingRets to, std::string_view instructions, int64_t threads, bool ascending, int64_t parts,
                   ffi::Span<const int64_t> kinds, ffi::Span<const int64_t> code, ffi::Span<const double> constants) {
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
        if (program.slots != static_cast<int64_t>(leaves.size()) + parts + 2) throw std::invalid_argument("not a program");
        const Descent descent{work,
                              program,
                              leaves,
                              static_cast<size_t>(parts),
                              Batch(rate, 0),
                              Batch(decay, 0),
                              rate.element_type(),
                              decay.element_type(),
                              *Batch(count, 0).at<int32_t>(0)};
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
                           .Attr<ffi::Span<const double>>("constants"));

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
