// The loss of a point and the activation of a neuron, as template parameters of the kernel.
// Included by kernel.cpp and line.cpp alone; kernel.cpp's rule about shared functions holds here too.
#pragma once

#include <cmath>

#include "kernel.hpp"

namespace {

// A loss has the slope l'(f; y), and a point's `value`: its `share` p / n of l, from f, y, l' and back = share l'.

// l(f; y) = (f - y)^2 / 2.
struct Squared {
    template <class Net>
    explicit Squared(const Net&) {}
    template <class T>
    T slope(T f, T y) const {
        return f - y;
    }
    template <class T>
    double value(T, T, T slope, T back, double) const {
        return 0.5 * static_cast<double>(back) * static_cast<double>(slope);
    }
};

// (f - y)^2 / 2 up to |f - y| = delta, linear beyond.
struct Huber {
    double delta;
    template <class Net>
    explicit Huber(const Net& net) : delta(net.number) {}
    template <class T>
    T slope(T f, T y) const {
        const T z = f - y, most = static_cast<T>(delta);
        return z > most ? most : z < -most ? -most : z;
    }
    template <class T>
    double value(T f, T y, T, T, double share) const {
        const double z = size(static_cast<double>(f) - static_cast<double>(y));
        const double near = z > delta ? delta : z;
        return share * near * (z - near / 2);
    }
    static double size(double z) { return z < 0 ? -z : z; }
};

// above (f - y) for f > y and below (y - f) for f < y, but for what is within `slack`.
struct Tilted {
    double above, below, slack;
    template <class T>
    T slope(T f, T y) const {
        const T z = f - y, edge = static_cast<T>(slack);
        return z > edge ? static_cast<T>(above) : z < -edge ? static_cast<T>(-below) : z - z;  // NaN stays visible
    }
    template <class T>
    double value(T f, T y, T, T, double share) const {
        const double z = static_cast<double>(f) - static_cast<double>(y);
        return share * (z > slack ? above * (z - slack) : z < -slack ? below * (-z - slack) : z - z);
    }
};

struct Absolute : Tilted {
    template <class Net>
    explicit Absolute(const Net&) : Tilted{1, 1, 0} {}
};

struct Quantile : Tilted {
    template <class Net>
    explicit Quantile(const Net& net) : Tilted{1 - net.number, net.number, 0} {}
};

struct Insensitive : Tilted {
    template <class Net>
    explicit Insensitive(const Net& net) : Tilted{1, 1, net.number} {}
};

// log(1 + e^-z), z = y f, y = +-1.
struct Logistic {
    template <class Net>
    explicit Logistic(const Net&) {}
    template <class T>
    T slope(T f, T y) const {
        return static_cast<T>(-static_cast<double>(y) /
                              (1 + std::exp(static_cast<double>(y) * static_cast<double>(f))));
    }
    template <class T>
    double value(T f, T y, T, T, double share) const {
        const double z = static_cast<double>(y) * static_cast<double>(f);
        return share * ((z < 0 ? -z : 0) + std::log1p(std::exp(z < 0 ? z : -z)));
    }
};

// max(0, 1 - z) and max(0, 1 - z)^2 / 2, z = y f, y = +-1.
struct Hinge {
    template <class Net>
    explicit Hinge(const Net&) {}
    template <class T>
    T slope(T f, T y) const {
        const T z = y * f;
        return z < 1 ? -y : z - z;
    }
    template <class T>
    double value(T f, T y, T, T, double share) const {
        const double missing = 1 - static_cast<double>(y) * static_cast<double>(f);
        return share * (missing > 0 ? missing : missing - missing);
    }
};

struct SquaredHinge {
    template <class Net>
    explicit SquaredHinge(const Net&) {}
    template <class T>
    T slope(T f, T y) const {
        const T z = y * f;
        return z < 1 ? y * (z - 1) : z - z;
    }
    template <class T>
    double value(T f, T y, T, T, double share) const {
        const double missing = 1 - static_cast<double>(y) * static_cast<double>(f);
        return share * (missing > 0 ? missing * missing / 2 : missing - missing);
    }
};

// sigma(z) = relu(z): the active part of z.
struct Relu {
    static constexpr bool bent = false;
    template <class Net>
    explicit Relu(const Net&) {}
    template <class V>
    V of(V, V active) const {
        return active;
    }
};

// sigma(z) = plus relu(z) + minus relu(-z) = below z + step relu(z), where below = -minus is the slope for z <= 0.
template <class T>
struct Bent {
    static constexpr bool bent = true;
    T below, step;
    template <class Net>
    explicit Bent(const Net& net) : below(-net.minus), step(net.plus + net.minus) {}
    template <class V>
    V of(V z, V active) const {
        return below * z + step * active;
    }
};

// Calls `with` with the network's loss.
template <class Net, class With>
void with_loss(const Net& net, With with) {
    switch (net.loss) {
        case minnorm::train::Paid::squared: return with(Squared(net));
        case minnorm::train::Paid::huber: return with(Huber(net));
        case minnorm::train::Paid::absolute: return with(Absolute(net));
        case minnorm::train::Paid::quantile: return with(Quantile(net));
        case minnorm::train::Paid::insensitive: return with(Insensitive(net));
        case minnorm::train::Paid::logistic: return with(Logistic(net));
        case minnorm::train::Paid::hinge: return with(Hinge(net));
        case minnorm::train::Paid::squared_hinge: return with(SquaredHinge(net));
    }
}

}  // namespace
