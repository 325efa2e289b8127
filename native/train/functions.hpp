// The loss of a point and the activation of a neuron, as template parameters of the kernel.
// Included by kernel.cpp and line.cpp alone; kernel.cpp's rule about shared functions holds here too.
#pragma once

namespace {

// l(f; y) = (f - y)^2 / 2.
struct Squared {
    template <class T>
    static T slope(T f, T y) {
        return f - y;
    }
    // A point's share of the loss, from l' and from its share p l' of what is passed back.
    template <class T>
    static double value(T slope, T back) {
        return 0.5 * static_cast<double>(back) * static_cast<double>(slope);
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

}  // namespace
