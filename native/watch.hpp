// When long work is to end early: at a moment, or because somebody wants it to, as with Ctrl-C.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

namespace minnorm {

// Made and polled on one thread, asked by all that share the work. `poll` runs about every 50 ms and may throw.
class Watch {
    using Clock = std::chrono::steady_clock;

public:
    Watch(double seconds, std::function<void()> poll)
        : owner_(std::this_thread::get_id()), start_(Clock::now()), seconds_(seconds), poll_(std::move(poll)) {}

    // Whether the time is over; then what was left undone stays so.
    bool over() {
        if (over_.load(std::memory_order_relaxed)) return true;
        const double now = std::chrono::duration<double>(Clock::now() - start_).count();
        if (now >= seconds_) {
            over_ = true;
        } else if (std::this_thread::get_id() == owner_ && now >= due_) {
            due_ = now + 0.05;
            try {
                poll_();
            } catch (...) {
                over_ = true;
                throw;
            }
        }
        return over_.load(std::memory_order_relaxed);
    }

    // Whether all was done.
    bool complete() const { return !over_.load(); }

private:
    std::thread::id owner_;
    Clock::time_point start_;
    double seconds_, due_ = 0.05;
    std::function<void()> poll_;
    std::atomic<bool> over_{false};
};

}  // namespace minnorm
