// Sorting many short lists of keys that are spread over a range: into as many buckets as there are keys, then within
// them.
#pragma once

#include <algorithm>
#include <vector>

namespace minnorm {

// A number in [0, 2) and a point; equal numbers in the order of points.
struct Key {
    double key;
    int point;

    bool operator<(const Key& other) const { return key < other.key || (key == other.key && point < other.point); }
};

class Sorter {
public:
    explicit Sorter(int count) : keys(count), spread_(count), ends_(count + 1) {}

    // The keys in their order, in about as many operations as there are keys if they are spread evenly.
    const std::vector<Key>& sorted() {
        const int count = static_cast<int>(keys.size());
        const double scale = 0.5 * count;
        const auto bucket = [&](const Key& one) {
            const double place = one.key * scale;  // no number where two points are one, and then nothing is asked
            return place >= 0 && place < count ? static_cast<int>(place) : count - 1;
        };
        std::fill(ends_.begin(), ends_.end(), 0);
        for (const Key& one : keys) ++ends_[bucket(one) + 1];
        for (int k = 0; k < count; ++k) ends_[k + 1] += ends_[k];
        for (const Key& one : keys) spread_[ends_[bucket(one)]++] = one;
        // Each end has moved on to the next one's.
        for (int k = 0, first = 0; k < count; first = ends_[k++]) {
            if (ends_[k] - first > few) std::sort(spread_.begin() + first, spread_.begin() + ends_[k]);
            else
                for (int at = first + 1; at < ends_[k]; ++at) {
                    const Key one = spread_[at];
                    int to = at;
                    for (; to > first && one < spread_[to - 1]; --to) spread_[to] = spread_[to - 1];
                    spread_[to] = one;
                }
        }
        return spread_;
    }

    std::vector<Key> keys;

private:
    static constexpr int few = 24;

    std::vector<Key> spread_;
    std::vector<int> ends_;
};

}  // namespace minnorm
