// The shortest base + sum_j c_j x_j with 0 <= c_j <= high_j in few dimensions, by an active set.
#pragma once

#include <cstddef>
#include <vector>

namespace minnorm {

class Shortest {
public:
    enum State : signed char { LOWER, UPPER, FREE };

    // For columns of `size` numbers, at most `most` of them.
    Shortest(int size, int most);

    void clear(int count);
    double* column(int c) { return across_.data() + static_cast<std::size_t>(c) * most_; }  // coordinate c of all x_j

    // From the c and states that are set; false where it has not ended.
    bool solve();

    int size, count = 0;
    std::vector<double> base, high, c, v;
    std::vector<signed char> state;

private:
    void sum();
    void settle(int j);
    bool factor();
    void project();
    int steepest(double least);

    int most_;
    std::vector<double> across_, length_, slope_, q_, r_, step_;
    std::vector<signed char> barred_;
    std::vector<int> free_;
};

}  // namespace minnorm
