#include "shortest.hpp"

#include <algorithm>
#include <cmath>

namespace minnorm {

namespace {

constexpr double FLAT = 1e-9;    // of a column's length: what is left of it belongs to the others' span
constexpr double STILL = 1e-12;  // a slope that is none

double dot(const double* a, const double* b, int size) {
    double sum = 0;
    for (int k = 0; k < size; ++k) sum += a[k] * b[k];
    return sum;
}

}  // namespace

Shortest::Shortest(int size, int most)
    : size(size), base(size), high(most), c(most), v(size), state(most), most_(most),
      across_(static_cast<size_t>(size) * most), length_(most), slope_(most), q_(static_cast<size_t>(size) * size),
      r_(static_cast<size_t>(size) * size), step_(size), barred_(most) {}

void Shortest::clear(int number) {
    count = number;
    std::fill(base.begin(), base.end(), 0.0);
    std::fill(c.begin(), c.begin() + count, 0.0);
    std::fill(state.begin(), state.begin() + count, LOWER);
    free_.clear();
}

void Shortest::sum() {
    for (int k = 0; k < size; ++k) v[k] = base[k] + dot(column(k), c.data(), count);
}

// To its nearer end, to stay there for now.
void Shortest::settle(int j) {
    const bool low = c[j] <= high[j] - c[j];
    state[j] = low ? LOWER : UPPER;
    c[j] = low ? 0 : high[j];
    barred_[j] = 1;
}

// Q and R of the free columns; one that depends on those before it goes to its nearer end.
bool Shortest::factor() {
    bool all = true;
    for (size_t f = 0; f < free_.size();) {
        if (static_cast<int>(f) == size) {
            settle(free_[f]);
            free_.erase(free_.begin() + f);
            all = false;
            continue;
        }
        double* x = q_.data() + f * size;
        for (int k = 0; k < size; ++k) x[k] = column(k)[free_[f]];
        const double before = length_[free_[f]];
        for (size_t i = 0; i < f; ++i) r_[i * size + f] = 0;
        for (int again = 0; again < 2; ++again)
            for (size_t i = 0; i < f; ++i) {
                const double* y = q_.data() + i * size;
                const double t = dot(x, y, size);
                r_[i * size + f] += t;
                for (int k = 0; k < size; ++k) x[k] -= t * y[k];
            }
        const double after = std::sqrt(dot(x, x, size));
        if (!(after > FLAT * before)) {
            settle(free_[f]);
            free_.erase(free_.begin() + f);
            all = false;
            continue;
        }
        for (int k = 0; k < size; ++k) x[k] /= after;
        r_[f * size + f] = after;
        ++f;
    }
    if (!all) sum();
    return all;
}

// To the least squares solution of the free columns, giving up those that meet an end.
void Shortest::project() {
    while (!free_.empty()) {
        factor();
        const int f = static_cast<int>(free_.size());
        for (int i = f - 1; i >= 0; --i) {
            double t = -dot(q_.data() + static_cast<size_t>(i) * size, v.data(), size);
            for (int k = i + 1; k < f; ++k) t -= r_[static_cast<size_t>(i) * size + k] * step_[k];
            step_[i] = t / r_[static_cast<size_t>(i) * size + i];
        }
        double t = 1;
        int hit = -1;
        for (int i = 0; i < f; ++i) {
            const int j = free_[i];
            const double room = step_[i] > 0 ? high[j] - c[j] : -c[j];
            if (step_[i] != 0 && std::fabs(room) < t * std::fabs(step_[i])) t = std::fabs(room / step_[i]), hit = i;
        }
        for (int i = 0; i < f; ++i) {
            const int j = free_[i];
            c[j] = std::min(std::max(c[j] + t * step_[i], 0.0), high[j]);
        }
        if (hit >= 0) {
            const int j = free_[hit];
            state[j] = step_[hit] > 0 ? UPPER : LOWER;
            c[j] = step_[hit] > 0 ? high[j] : 0;
            free_.erase(free_.begin() + hit);
        }
        sum();
        if (hit < 0) return;
    }
}

int Shortest::steepest(double least) {
    for (int k = 0; k < size; ++k) {
        const double t = v[k];
        const double* x = column(k);
        if (k == 0)
            for (int j = 0; j < count; ++j) slope_[j] = t * x[j];
        else
            for (int j = 0; j < count; ++j) slope_[j] += t * x[j];
    }
    int chosen = -1;
    for (int j = 0; j < count; ++j) {
        if (state[j] == FREE || barred_[j]) continue;
        const double gain = (state[j] == LOWER ? -slope_[j] : slope_[j]) / length_[j];
        if (gain > least) least = gain, chosen = j;
    }
    return chosen;
}

bool Shortest::solve() {
    for (int j = 0; j < count; ++j) {
        double square = 0;
        for (int k = 0; k < size; ++k) square += column(k)[j] * column(k)[j];
        length_[j] = std::sqrt(square) + 1e-300;
    }
    free_.clear();
    for (int j = 0; j < count; ++j)
        if (state[j] == FREE) free_.push_back(j);
    std::fill(barred_.begin(), barred_.begin() + count, 0);
    sum();
    project();
    double shortest = HUGE_VAL;
    for (int round = 0; round < 3 * count + 50; ++round) {
        const double square = dot(v.data(), v.data(), size);
        if (square < shortest * (1 - 1e-14)) {
            shortest = square;
            std::fill(barred_.begin(), barred_.begin() + count, 0);
        }
        const int enter = steepest(STILL * std::sqrt(square));
        if (enter < 0) return true;
        const double was = c[enter];
        state[enter] = FREE;
        free_.push_back(enter);
        project();
        if (state[enter] != FREE && c[enter] == was) barred_[enter] = 1;
    }
    return false;
}

}  // namespace minnorm
