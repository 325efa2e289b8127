// The angular sweep: u -> sum_k nu_k relu(u . z_k) + tilt . u along one great circle, all of it, in O(n log n).
//
// In an orthonormal frame of the circle's plane z_k has coordinates (p_k, q_k). The kinks are the directions
// orthogonal to z_k; half the circle is enough, because the active set at -u is the complement of that at u. The tilt
// is on both halves: once in v_A, and twice in the total that is taken off on the other half.
// Coincident kinks need no care: between them the active set is wrong for points that contribute rounding only.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace minnorm {

class Sweep {
public:
    struct Kink {
        double cx, cy;  // unit direction in the upper half plane, orthogonal to z
        double enter;   // +1 if the point becomes active there as the angle grows, else -1
        int point;
        double jx, jy;  // change of v_A, the sum of nu z over the active points, across the kink
    };

    // `flat[k]` != 0 marks points whose kink contains the whole circle; the tilt is in the frame, too.
    void prepare(int n, const double* p, const double* q, const double* nu, const unsigned char* flat,
                 double tilt_x = 0, double tilt_y = 0) {
        key_.resize(n);
        cx_.resize(n);
        cy_.resize(n);
        for (int k = 0; k < n; ++k) {
            // The point leaves at (-q, p) and enters at (q, -p); one of them is in the upper half plane.
            const double a = p[k], b = q[k], r = 1 / std::sqrt(a * a + b * b);
            const double x = enters(a, b) ? b : -b, y = std::fabs(a);
            key_[k] = 1 - x / (std::fabs(x) + y);
            cx_[k] = x * r;
            cy_[k] = y * r;
        }
        sort(n, flat);
        const int m = static_cast<int>(sorted_.size());
        kinks_.resize(m);
        start_x_ = tilt_x;
        start_y_ = tilt_y;
        total_x_ = 2 * tilt_x;
        total_y_ = 2 * tilt_y;
        double size = std::fabs(tilt_x) + std::fabs(tilt_y);
        for (int t = 0; t < m; ++t) {
            const int k = sorted_[t].point;
            const double enter = enters(p[k], q[k]) ? 1 : -1, jx = enter * nu[k] * p[k], jy = enter * nu[k] * q[k];
            kinks_[t] = {cx_[k], cy_[k], enter, k, jx, jy};
            size += std::fabs(jx) + std::fabs(jy);
            if (enter < 0) {
                start_x_ -= jx;
                start_y_ -= jy;
            }
            total_x_ += enter * jx;
            total_y_ += enter * jy;
        }
        slack_ = 1e-14 * size;
    }

    int size() const { return static_cast<int>(kinks_.size()); }
    const Kink& kink(int t) const { return kinks_[t]; }

    // Calls peak(sign, x, y, value, point) for each local maximum `value` of sign * h > 0, at the unit vector (x, y):
    // on the kink of `point`, or between kinks (-1).
    template <class Peak>
    void peaks(Peak peak) const {
        const int m = size();
        if (m == 0) return;
        double sx = start_x_, sy = start_y_;
        double ax = -kinks_[m - 1].cx, ay = -kinks_[m - 1].cy;
        for (int t = 0; t < m; ++t) {
            const Kink& b = kinks_[t];
            const double nx = sx + b.jx, ny = sy + b.jy;
            for (int half = 0; half < 2; ++half) {
                // At -u the value is (sums - total) . u.
                const double side = half ? -1 : 1;
                const double x = half ? sx - total_x_ : sx;
                const double y = half ? sy - total_y_ : sy;
                const double x2 = half ? nx - total_x_ : nx;
                const double y2 = half ? ny - total_y_ : ny;
                // Slopes at the start and the end of this arc, and at the start of the next.
                const double from = y * ax - x * ay, to = y * b.cx - x * b.cy, then = y2 * b.cx - x2 * b.cy;
                if ((from > 0 && to < 0) || (from < 0 && to > 0)) {
                    const double value = std::sqrt(x * x + y * y);
                    const double sign = from > 0 ? 1 : -1, s = sign * side / value;
                    peak(static_cast<int>(sign), s * x, s * y, value, -1);
                }
                const double here = x * b.cx + y * b.cy;
                if (here > 0) {
                    if (to >= -slack_ && then <= slack_) peak(1, side * b.cx, side * b.cy, here, b.point);
                } else if (here < 0) {
                    if (to <= slack_ && then >= -slack_) peak(-1, side * b.cx, side * b.cy, -here, b.point);
                }
            }
            sx = nx;
            sy = ny;
            ax = b.cx;
            ay = b.cy;
        }
    }

private:
    struct Key {
        double key;  // grows with the angle, from 0 to 2
        int point;

        bool operator<(const Key& other) const { return key < other.key || (key == other.key && point < other.point); }
    };

    static bool enters(double a, double b) { return a < 0 || (a == 0 && b > 0); }

    // Buckets first: the keys are spread out unless the data are special.
    void sort(int n, const unsigned char* flat) {
        const double scale = 0.5 * n;
        head_.assign(n + 1, 0);
        bucket_.resize(n);
        int m = 0;
        for (int k = 0; k < n; ++k) {
            if (flat[k]) continue;
            bucket_[k] = std::min(n - 1, static_cast<int>(key_[k] * scale));
            ++head_[bucket_[k] + 1];
            ++m;
        }
        sorted_.resize(m);
        for (int b = 0; b < n; ++b) head_[b + 1] += head_[b];
        for (int k = 0; k < n; ++k)
            if (!flat[k]) sorted_[head_[bucket_[k]]++] = {key_[k], k};
        // Now head_[b] is the end of bucket b. One insertion pass serves all buckets but the crowded ones.
        for (int b = 0, begin = 0; b < n; begin = head_[b++])
            if (head_[b] - begin > 16) std::sort(sorted_.begin() + begin, sorted_.begin() + head_[b]);
        for (int i = 1; i < m; ++i) {
            if (!(sorted_[i] < sorted_[i - 1])) continue;
            const Key key = sorted_[i];
            int j = i;
            for (; j > 0 && key < sorted_[j - 1]; --j) sorted_[j] = sorted_[j - 1];
            sorted_[j] = key;
        }
    }

    std::vector<double> key_, cx_, cy_;
    std::vector<Key> sorted_;
    std::vector<int> head_, bucket_;
    std::vector<Kink> kinks_;
    double start_x_ = 0, start_y_ = 0;  // v_A before kink 0
    double total_x_ = 0, total_y_ = 0;  // v of all points, and twice the tilt
    double slack_ = 0;                  // rounding error of a slope
};

}  // namespace minnorm
