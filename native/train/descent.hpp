// Whole steps of an optimiser on one network: gradient, then the optimiser's program, as often as asked.
#pragma once

#include <utility>
#include <vector>

#include "batch.hpp"
#include "program.hpp"

namespace minnorm::train {

// A leaf of the network or of the optimiser's memory, by its own shape: (), (m,), (m, d), (d,).
enum class Kind : int64_t { scalar, neurons, weights, coordinates };

struct Leaf {
    Batch from, to;
    Kind kind;
    ffi::DataType type;
};

inline double scalar(const Batch& batch, ffi::DataType type, int64_t k) {
    if (type == ffi::F32) return *batch.at<float>(k);
    if (type == ffi::F64) return *batch.at<double>(k);
    if (type == ffi::S32) return *batch.at<int32_t>(k);
    throw std::invalid_argument("a number of the optimiser has a type that programs do not know");
}

inline void set_scalar(const Batch& batch, ffi::DataType type, int64_t k, double value) {
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
    Slopes slopes;

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
                steps.push_back({kernel.step(i.op, i.a >= 0, i.b >= 0, i.c >= 0),
                                 operand(i.a),
                                 operand(i.b),
                                 operand(i.c),
                                 row(i.to),
                                 {moves(i.a), moves(i.b), moves(i.c), moves(i.to)}});
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
            const Net<T> net = slopes.net<T>(
                {m, d, arrays[0], arrays[1], arrays[2], static_cast<T>(registers[3]), skip ? arrays[4] : nullptr});
            gradient(net, work.data<T>(k, step), arrays[parts], arrays[parts + 1], arrays[parts + 2], few.data(), rest);
            registers[parts + 3] = static_cast<T>(few[1]);
            for (int64_t j = 0; skip && j < d; ++j)
                arrays[parts + 4][j] = static_cast<T>(few[static_cast<size_t>(2 + j)]);
            run_scalars(program, registers.data());
            for (size_t i = 0; i < registers.size(); ++i) scalars[i] = static_cast<T>(registers[i]);
            for (const auto& [moves, count] : parts_of_update)
                kernel.update(moves.data(), moves.data() + moves.size(), count);
            for (size_t i = 0; i < results.size(); ++i)
                results[i] = registers[static_cast<size_t>(program.outputs[i].from)];
            for (size_t i = 0; i < results.size(); ++i)
                registers[static_cast<size_t>(program.outputs[i].slot)] = results[i];
            // The filling stays out of the sums, whatever an optimiser makes of zeros.
            const int64_t last = m / kernel.panel * kernel.panel, filling = gradient.width() - m;
            if (filling == 0) continue;
            for (int64_t j = 0; j < d; ++j)
                std::fill_n(arrays[0] + last * d + j * kernel.panel + m - last, filling, T(0));
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

}  // namespace minnorm::train
