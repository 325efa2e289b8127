#include "ascent.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "order.hpp"
#include "wide.hpp"

// Wide functions are twice as fast; their sums are in another order.

namespace minnorm {

namespace {

constexpr int lanes = 16;

// to = sum_c v_c column_c
MINNORM_WIDE void combine(int n, int size, const double* columns, const double* v, double* __restrict to) {
    const int even = n - n % lanes;
    for (int start = 0; start < even; start += lanes) {
        double part[lanes] = {};
        for (int c = 0; c < size; ++c) {
            const double* from = columns + static_cast<size_t>(c) * n + start;
            const double x = v[c];
#pragma omp simd
            for (int k = 0; k < lanes; ++k) part[k] += x * from[k];
        }
        for (int k = 0; k < lanes; ++k) to[start + k] = part[k];
    }
    for (int k = even; k < n; ++k) {
        to[k] = 0;
        for (int c = 0; c < size; ++c) to[k] += v[c] * columns[static_cast<size_t>(c) * n + k];
    }
}

// out_c = mass . column_c
MINNORM_WIDE void contract(int n, int size, const double* columns, const double* mass, double* out) {
    const int even = n - n % lanes;
    for (int c = 0; c < size; ++c) {
        const double* from = columns + static_cast<size_t>(c) * n;
        double part[lanes] = {};
        for (int start = 0; start < even; start += lanes)
#pragma omp simd
            for (int k = 0; k < lanes; ++k) part[k] += mass[start + k] * from[start + k];
        double sum = 0;
        for (int k = even; k < n; ++k) sum += mass[k] * from[k];
        for (int k = 0; k < lanes; ++k) sum += part[k];
        out[c] = sum;
    }
}

// along = cosine along + sine ahead
MINNORM_WIDE void rotate(int n, double cosine, double sine, const double* ahead, double* __restrict along) {
#pragma omp simd
    for (int k = 0; k < n; ++k) along[k] = cosine * along[k] + sine * ahead[k];
}

// mass = sign nu at the active points, 0 elsewhere
MINNORM_WIDE void weigh(int n, double sign, const double* along, const double* nu, double* __restrict mass) {
#pragma omp simd
    for (int k = 0; k < n; ++k) mass[k] = nu[k] * (along[k] > 0 ? sign : 0);  // without a branch
}

// sum nu relu(along)
MINNORM_WIDE double weighed(int n, const double* along, const double* nu) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int k = 0; k < n; ++k) sum += nu[k] * (along[k] > 0 ? along[k] : 0);
    return sum;
}

// Adds to (x, y) the sums of nu (along, ahead) over the points active just after the angle 0.
MINNORM_WIDE void circle(int n, const double* along, const double* ahead, const double* nu, double& x, double& y) {
    double first = 0, second = 0;
#pragma omp simd reduction(+ : first, second)
    for (int k = 0; k < n; ++k) {
        const double s = along[k], q = ahead[k];
        const bool active = (s > 0) | ((s == 0) & (q > 0));
        const double mass = active ? nu[k] : 0;
        first += mass * s;
        second += mass * q;
    }
    x += first;
    y += second;
}

// Which points have kinks of cotangents -ahead / along >= from, or nearly; `hits` has room for all. Their number.
MINNORM_WIDE int reached(int n, const double* along, const double* ahead, double from, int* hits) {
    const int even = n - n % lanes;
    const double lower = from * (1 - 1e-12);
    int count = 0;
    for (int start = 0; start < even; start += lanes) {
        const double *s = along + start, *q = ahead + start;
        int any = 0;
#pragma omp simd reduction(| : any)
        for (int k = 0; k < lanes; ++k) any |= s[k] * (q[k] + lower * s[k]) <= 0 ? 1 : 0;
        if (any)
            for (int k = 0; k < lanes; ++k) {
                hits[count] = start + k;
                count += s[k] * (q[k] + lower * s[k]) <= 0;
            }
    }
    for (int k = even; k < n; ++k) hits[count++] = k;
    return count;
}

// One ascent of sign * h over theta = (w, b). With z_k = (x_k, 1) it moves along great circles of the unit sphere, or
// of |w| = 1, and takes the best point of the whole circle. Concave kinks theta . z_p = 0 hold it: such pins are kept,
// circles stay on them, and a pin is released when its multiplier says that h grows on one side of it.
//
// At a local maximum sign * v_A = mu (theta or (w, 0)) + sum_p lambda_p |nu_p| z_p with all lambda_p in [0, 1].
class Ascent {
public:
    Ascent(const Weighted& data, bool penalised, Watch& watch)
        : watch_(watch), n_(data.n), size_(data.rank + 1), free_(!penalised), dim_(penalised ? size_ : size_ - 1),
          nu_(data.nu), tilt_(data.tilt, data.tilt + size_), sorter_(data.n) {
        z_.resize(static_cast<size_t>(n_) * size_);
        for (int c = 0; c < size_; ++c)
            for (int k = 0; k < n_; ++k)
                column(c)[k] = c < data.rank ? data.points[static_cast<size_t>(k) * data.rank + c] : 1;
        norm_.resize(n_);
        for (int k = 0; k < n_; ++k) {
            double square = 0;
            for (int c = 0; c < size_; ++c) square += z(k, c) * z(k, c);
            norm_[k] = std::sqrt(square);
            weight_ += std::fabs(nu_[k]) * norm_[k];
        }
        for (auto* buffer : {&along_, &ahead_, &mass_}) buffer->assign(n_, 0.0);
        hits_.resize(n_);
        theta_.resize(size_);
        upper_.assign(dim_ * dim_, 0.0);
    }

    // h at an atom, but for rounding errors.
    double value_at(const double* atom) {
        combine(n_, size_, z_.data(), atom, along_.data());
        return weighed(n_, along_.data(), nu_) + std::inner_product(tilt_.begin(), tilt_.end(), atom, 0.0);
    }

    // Whether a local maximum with sign * h > 0 was reached, or the last step; it is in theta() then.
    bool climb(const double* start, int sign, int max_iterations) {
        sign_ = sign;
        since_ = 0;
        reach_ = kFirst;
        if (watch_.over() || !begin(start)) return false;
        int released = -1;
        for (int step = 0; step < max_iterations && !watch_.over(); ++step) {
            orthogonalise();
            gradient();
            const double slope = direction();
            if (slope > 1e-10 * weight_) {
                if (!advance()) return false;
                released = -1;
                continue;
            }
            if (released >= 0) return false;  // no way up from a pin just released: rounding
            int worst = -1;
            const double excess = multipliers(worst);
            if (worst < 0) return finish();
            if (free_ && pins_.size() == 1) {
                if (!best_bias()) return false;
                continue;
            }
            released = pins_[worst];
            unpin(worst);
            // On the side to which h grows.
            along_[released] = excess * 1e-300;
        }
        if (watch_.over() || (free_ && pins_.empty())) return false;
        orthogonalise();
        gradient();
        return finish();
    }

    const std::vector<double>& theta() const { return theta_; }

private:
    static constexpr double kNever = -1e300, kWide = 0.2;  // cotangents: of no kink, and of an angle that is not small
    static constexpr double kFirst = 10;                   // and of the angle up to which a first step looks
    static constexpr double kKeys = 1.999;                 // the range of a sorter's keys

    double* column(int c) { return z_.data() + static_cast<size_t>(c) * n_; }
    double tilted(const std::vector<double>& v) const {
        return std::inner_product(tilt_.begin(), tilt_.end(), v.begin(), 0.0);
    }
    double z(int k, int c) const { return z_[static_cast<size_t>(c) * n_ + k]; }
    bool ridge(int k) const { return sign_ * nu_[k] < 0; }

    void pin(int k) {
        pins_.push_back(k);
        along_[k] = 0;
    }

    void unpin(int which) {
        pins_.erase(pins_.begin() + which);
        // A new first pin changes all the vectors.
        base_.resize(std::min(base_.size(), static_cast<size_t>(std::max(0, which - first())) * dim_));
    }

    void clear_pins() {
        pins_.clear();
        base_.clear();
    }

    void products(const std::vector<double>& v, std::vector<double>& out) {
        combine(n_, size_, z_.data(), v.data(), out.data());
    }

    bool begin(const double* start) {
        clear_pins();
        theta_.assign(start, start + size_);
        double square = 0;
        for (int c = 0; c < dim_; ++c) square += theta_[c] * theta_[c];
        if (!(square > 0) || !std::isfinite(square)) return false;
        for (double& t : theta_) t /= std::sqrt(square);
        products(theta_, along_);
        // Kinks through data points are kept: the caller may have aimed.
        for (int k = 0; k < n_ && static_cast<int>(pins_.size()) < dim_; ++k)
            if (ridge(k) && std::fabs(along_[k]) <= 1e-12 * norm_[k]) pin(k);
        return !free_ || !pins_.empty() || best_bias();
    }

    // The best b for these weights: h is piecewise linear in b with kinks at the data points.
    bool best_bias() {
        if (n_ == 0) return false;
        clear_pins();
        theta_[size_ - 1] = 0;
        products(theta_, along_);
        const auto [least, most] = std::minmax_element(along_.begin(), along_.end());
        const double top = *most, scale = kKeys / std::max(top - *least, 1e-300);
        for (int k = 0; k < n_; ++k) sorter_.keys[k] = {(top - along_[k]) * scale, k};
        double value = sign_ * tilted(theta_), slope = 0, best = 0, before = top;
        int at = -1;
        for (const Key& one : sorter_.sorted()) {
            const int k = one.point;
            value += slope * (before - along_[k]);
            before = along_[k];
            if (value > best && ridge(k)) {
                best = value;
                at = k;
            }
            slope += sign_ * nu_[k];
        }
        if (at < 0) return false;
        theta_[size_ - 1] = -along_[at];
        for (int k = 0; k < n_; ++k) along_[k] += theta_[size_ - 1];
        pin(at);
        return true;
    }

    // In the bias-free case vectors are taken relative to the first pin, which leaves w alone.
    double arm(int k, int c) const { return free_ ? z(k, c) - z(pins_[0], c) : z(k, c); }

    // Extends the orthonormal basis of the pins, to which theta (or w) is orthogonal. Dependent pins are dropped.
    void orthogonalise() {
        while (rows() < static_cast<int>(pins_.size()) - first()) {
            const int k = pins_[rows() + first()], row = rows();
            base_.resize((row + 1) * dim_);
            double *v = base_.data() + row * dim_, *r = upper_.data() + row * dim_;
            double before = 0, after = 0;
            for (int c = 0; c < dim_; ++c) {
                v[c] = arm(k, c);
                before += v[c] * v[c];
            }
            std::fill(r, r + row, 0.0);
            project(row, v, r);
            for (int c = 0; c < dim_; ++c) after += v[c] * v[c];
            if (row + 1 >= dim_ || !(after > 1e-18 * before) || after <= 1e-24 * norm_[k] * norm_[k]) {
                base_.resize(row * dim_);
                unpin(row + first());
                continue;
            }
            r[row] = std::sqrt(after);
            for (int c = 0; c < dim_; ++c) v[c] /= r[row];
        }
    }

    // Subtracts from v its components along the first basis vectors, and adds them to `parts`.
    void project(int rows, double* v, double* parts) const {
        for (int pass = 0; pass < 2; ++pass)
            for (int i = 0; i < rows; ++i) {
                const double* q = base_.data() + i * dim_;
                double s = 0;
#pragma omp simd reduction(+ : s)
                for (int c = 0; c < dim_; ++c) s += q[c] * v[c];
                for (int c = 0; c < dim_; ++c) v[c] -= s * q[c];
                parts[i] += s;
            }
    }

    int first() const { return free_ ? 1 : 0; }  // pins before it have no basis vector
    int rows() const { return static_cast<int>(base_.size()) / dim_; }

    void gradient() {
        gradient_.resize(size_);
        weigh(n_, sign_, along_.data(), nu_, mass_.data());
        contract(n_, size_, z_.data(), mass_.data(), gradient_.data());
        for (int c = 0; c < size_; ++c) gradient_[c] += sign_ * tilt_[c];
    }

    // The projected gradient; its length is returned.
    double direction() {
        ahead_direction_ = gradient_;
        std::vector<double>& d = ahead_direction_;
        if (free_)
            for (int c = 0; c < dim_; ++c) d[c] -= gradient_[dim_] * z(pins_[0], c);
        inner_.assign(rows() + 1, 0.0);
        project(rows(), d.data(), inner_.data());
        for (int pass = 0; pass < 2; ++pass) {
            double radial = 0;
            for (int c = 0; c < dim_; ++c) radial += theta_[c] * d[c];
            for (int c = 0; c < dim_; ++c) d[c] -= radial * theta_[c];
        }
        double square = 0;
        for (int c = 0; c < dim_; ++c) square += d[c] * d[c];
        const double length = std::sqrt(square);
        if (length > 0)
            for (int c = 0; c < dim_; ++c) d[c] /= length;
        if (free_) {
            d[dim_] = 0;
            for (int c = 0; c < dim_; ++c) d[dim_] -= d[c] * z(pins_[0], c);
        }
        return length;
    }

    // The pin whose multiplier is furthest outside [0, 1], if any; returns +1 if h grows on its active side, else -1.
    double multipliers(int& worst) {
        const int count = static_cast<int>(pins_.size());
        std::vector<double>& beta = scratch_;
        beta.assign(count, 0.0);
        for (int p = count - 1; p >= first(); --p) {
            const int row = p - first();
            double s = inner_[row];
            for (int later = p + 1; later < count; ++later) s -= upper_[(later - first()) * dim_ + row] * beta[later];
            beta[p] = s / upper_[row * dim_ + row];
        }
        if (free_ && count > 0) {
            beta[0] = gradient_[dim_];
            for (int p = 1; p < count; ++p) beta[0] -= beta[p];
        }
        double most = 1e-9 * weight_, side = 0;
        for (int p = 0; p < count; ++p) {
            const double below = -beta[p] * norm_[pins_[p]];
            const double above = (beta[p] - std::fabs(nu_[pins_[p]])) * norm_[pins_[p]];
            if (std::max(below, above) > most) {
                most = std::max(below, above);
                worst = p;
                side = above > below ? 1 : -1;
            }
        }
        return side;
    }

    // To the first local maximum on the circle through theta in the direction of ascent.
    bool advance() {
        products(ahead_direction_, ahead_);
        double cosine = 1, sine = 0;
        int on = -1;
        if (!first_on_circle(cosine, sine, on)) return false;
        for (int c = 0; c < size_; ++c) theta_[c] = cosine * theta_[c] + sine * ahead_direction_[c];
        double square = 0;
        for (int c = 0; c < dim_; ++c) square += theta_[c] * theta_[c];
        for (double& t : theta_) t /= std::sqrt(square);
        if (++since_ % 16 == 0) {
            products(theta_, along_);
        } else {
            rotate(n_, cosine, sine, ahead_.data(), along_.data());
        }
        for (int k : pins_) along_[k] = 0;
        if (on >= 0 && ridge(on)) pin(on);
        return true;
    }

    // Kinks come in the order of the angle, that is of falling cotangent -ahead / along, from a heap of those up to
    // some angle, and of further ones where the maximum is not among them.
    bool first_on_circle(double& cosine, double& sine, int& on) {
        const double side = sign_;
        double x = tilted(theta_), y = tilted(ahead_direction_);  // v_A in the circle's frame
        for (int k : pins_) ahead_[k] = 0;                        // as along_ is
        circle(n_, along_.data(), ahead_.data(), nu_, x, y);
        x *= side;
        y *= side;
        double above = -kNever, from = reach_;
        while (true) {
            gather(from, above);
            while (true) {
                const double next = heap_.empty() ? from : heap_.front().first;
                if (y > 0 && x >= next * y) {
                    const double length = std::hypot(x, y);
                    cosine = x / length;
                    sine = y / length;
                    reach_ = beyond(x / y);
                    return true;
                }
                if (heap_.empty()) break;
                const int k = heap_.front().second;
                std::pop_heap(heap_.begin(), heap_.end());
                heap_.pop_back();
                const double gain = (along_[k] > 0 ? -1 : 1) * side * nu_[k];
                x += gain * along_[k];
                y += gain * ahead_[k];
                if (y * next <= x) {
                    sine = 1 / std::sqrt(1 + next * next);
                    cosine = next * sine;
                    on = k;
                    reach_ = beyond(next);
                    return true;
                }
            }
            if (from == kNever) return false;
            above = from;
            from = from > kWide ? beyond(from) : kNever;
        }
    }

    // The cotangent of about three times the angle.
    static double beyond(double cotangent) { return cotangent > kWide ? cotangent / 3 : kNever; }

    void gather(double from, double above) {
        heap_.clear();
        const auto look = [&](int k) {
            const double cotangent = -ahead_[k] / along_[k];
            if (along_[k] != 0 && cotangent < above && cotangent >= from && cotangent > kNever)
                heap_.push_back({cotangent, k});
        };
        if (from > 0) {
            const int count = reached(n_, along_.data(), ahead_.data(), from, hits_.data());
            for (int k = 0; k < count; ++k) look(hits_[k]);
        } else {
            for (int k = 0; k < n_; ++k) look(k);
        }
        std::make_heap(heap_.begin(), heap_.end());
    }

    // Removes the drift off the pins.
    bool finish() {
        inner_.assign(rows() + 1, 0.0);
        project(rows(), theta_.data(), inner_.data());
        double square = 0, value = 0;
        for (int c = 0; c < dim_; ++c) square += theta_[c] * theta_[c];
        for (int c = 0; c < dim_; ++c) theta_[c] /= std::sqrt(square);
        if (free_) {
            theta_[dim_] = 0;
            for (int c = 0; c < dim_; ++c) theta_[dim_] -= theta_[c] * z(pins_[0], c);
        }
        for (int c = 0; c < size_; ++c) value += gradient_[c] * theta_[c];
        return value > 0;
    }

    Watch& watch_;
    int n_, size_;
    bool free_;
    int dim_;  // of the sphere's space: size_, or that of w
    const double* nu_;
    std::vector<double> tilt_;  // 0 for the bias if biases are free
    int sign_ = 1;
    double weight_ = 0;  // sum |nu_k| |z_k|
    std::vector<double> z_, norm_, theta_;
    std::vector<double> along_, ahead_, mass_;  // z . theta, z . direction, signed nu of the active points
    double reach_ = kNever;                     // kinks of larger cotangents are looked at first
    std::vector<double> gradient_, ahead_direction_, base_, inner_, scratch_;
    std::vector<double> upper_;  // the pins in the basis: row p has p + 1 entries
    int since_ = 0;
    std::vector<int> pins_, hits_;
    Sorter sorter_;  // of the biases that put a point on the kink
    std::vector<std::pair<double, int>> heap_;
};

}  // namespace

Atoms ascend(const Weighted& data, const double* starts, int count, bool penalised, bool both, int max_iterations,
             int threads, Watch& watch) {
    const int width = data.rank + 1;
    std::vector<Atoms> parts(count, Atoms(data.rank));
    parallel(
        count, threads, [&] { return Ascent(data, penalised, watch); },
        [&](Ascent& ascent, int start) {
            const double* from = starts + static_cast<size_t>(start) * width;
            const int sided = both || !(ascent.value_at(from) < 0) ? 1 : -1;
            for (int sign : {sided, -sided})
                if ((both || sign == sided) && ascent.climb(from, sign, max_iterations))
                    parts[start].at.insert(parts[start].at.end(), ascent.theta().begin(), ascent.theta().end());
        });
    Atoms all(data.rank);
    for (const auto& part : parts) all.append(part);
    return all;
}

}  // namespace minnorm
