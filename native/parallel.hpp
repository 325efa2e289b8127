// A loop over independent items on several threads; what an item computes must not depend on its thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace minnorm {

// make() builds a thread's scratch space, body(scratch, item) does item 0, ..., count - 1.
template <class Make, class Body>
void parallel(int count, int threads, Make make, Body body) {
    threads = std::max(1, std::min(threads, count));
    std::atomic<int> next{0};
    std::exception_ptr failure;
    std::mutex guard;
    const auto work = [&] {
        try {
            auto scratch = make();
            for (int item; (item = next.fetch_add(1)) < count;) body(scratch, item);
        } catch (...) {
            const std::lock_guard<std::mutex> lock(guard);
            if (!failure) failure = std::current_exception();
            next = count;
        }
    };
    std::vector<std::thread> pool;
    for (int t = 1; t < threads; ++t) pool.emplace_back(work);
    work();
    for (auto& thread : pool) thread.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace minnorm
