// Loss and gradient of one network.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

#include "../parallel.hpp"
#include "kernel.hpp"

namespace minnorm::train {

constexpr int64_t kParts = 16, kLeastPart = 256;  // of a network's points: at most so many parts, at least so long
constexpr double kLeast = 4e6;                    // operations worth a thread

// Uninitialised memory, aligned for every instruction set.
class Room {
public:
    explicit Room(size_t size) : at_(static_cast<std::byte*>(::operator new(size, kAlignment))) {}
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    ~Room() { ::operator delete(at_, kAlignment); }
    std::byte* at() const { return at_; }

private:
    static constexpr std::align_val_t kAlignment{64};
    std::byte* at_;
};

// The network's points are cut into parts that depend on their number alone; parts are
// summed in order. So its numbers depend neither on other networks nor on threads.
template <class T>
class Gradient {
public:
    Gradient(const Kernel<T>& kernel, int64_t m, int64_t d, int64_t n, bool ascending, int threads)
        : kernel_(kernel), m_(m), d_(d), n_(n), ascending_(ascending),
          width_((m + kernel.panel - 1) / kernel.panel * kernel.panel) {
        const int64_t blocks = (n + kBlock - 1) / kBlock;
        step_ = std::max(kLeastPart, (blocks + kParts - 1) / kParts * kBlock);
        parts_ = ascending ? 1 : (n + step_ - 1) / step_;
        threads_ = ascending ? 1 : static_cast<int>(std::min<double>(threads, 1 + work() / kLeast));
    }

    // About how many operations it takes.
    double work() const {
        if (ascending_) return 100.0 * static_cast<double>(m_ + n_);
        return 4.0 * static_cast<double>(n_) * static_cast<double>(m_) * static_cast<double>(d_ + 2);
    }

    int64_t width() const { return width_; }  // filled up to whole panels

    size_t room() const {
        if (ascending_) return line_scratch(n_, m_);
        return static_cast<size_t>(parts_ > 1 ? 2 * whole() : whole()) * sizeof(T) + kernel_.scratch(m_, d_) + 64;
    }

    // `few`: loss, c, v (d).
    void operator()(const Net<T>& net, const Samples<T>& data, T* dw, T* db, T* da, double* few,
                    std::byte* space) const {
        if (ascending_) return line(net, data, dw, db, da, few, space);
        T* sums = reinterpret_cast<T*>(space);
        T* more = sums + (parts_ > 1 ? whole() : 0);
        std::byte* rest = reinterpret_cast<std::byte*>(more + whole());
        if (threads_ > 1 && parts_ > 1) {
            together(net, data, sums, few);
        } else {
            kernel_.accumulate(net, data, 0, std::min(n_, step_), sums, few, rest);
            std::vector<double> next(parts_ > 1 ? few_size() : 0);
            for (int64_t part = 1; part < parts_; ++part) {
                kernel_.accumulate(net, data, part * step_, std::min(n_, (part + 1) * step_), more, next.data(), rest);
                add(sums, few, more, next.data());
            }
        }
        kernel_.finish(net, sums, few, dw, db, da);
    }

private:
    int64_t whole() const { return width_ * (d_ + 1); }
    size_t few_size() const { return static_cast<size_t>(2 + d_); }

    void add(T* sums, double* few, const T* more, const double* next) const {
        kernel_.add(sums, more, whole());
        for (size_t i = 0; i < few_size(); ++i) few[i] += next[i];
    }

    // The parts on several threads, each with sums of its own.
    void together(const Net<T>& net, const Samples<T>& data, T* sums, double* few) const {
        const size_t one = static_cast<size_t>(whole()), all = one * static_cast<size_t>(parts_);
        const Room room(all * sizeof(T));
        T* shares = reinterpret_cast<T*>(room.at());
        std::vector<double> small(few_size() * static_cast<size_t>(parts_));
        const auto make = [&] { return std::make_unique<Room>(kernel_.scratch(m_, d_)); };
        parallel(static_cast<int>(parts_), threads_, make, [&](const std::unique_ptr<Room>& own, int part) {
            const auto p = static_cast<size_t>(part);
            kernel_.accumulate(net, data, part * step_, std::min(n_, (part + 1) * step_), shares + one * p,
                               small.data() + few_size() * p, own->at());
        });
        std::copy_n(shares, one, sums);
        std::copy_n(small.data(), few_size(), few);
        for (size_t part = 1; part < static_cast<size_t>(parts_); ++part)
            add(sums, few, shares + one * part, small.data() + few_size() * part);
    }

    const Kernel<T>& kernel_;
    int64_t m_, d_, n_;
    bool ascending_;
    int64_t width_, step_ = 0, parts_ = 0;
    int threads_ = 1;
};

}  // namespace minnorm::train
