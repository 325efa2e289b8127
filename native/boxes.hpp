// A rigorous upper bound of a shallow network minus an affine function over a body of space, by branching on boxes.
#pragma once

#include <vector>

#include "watch.hpp"

namespace minnorm {

// e(x) = constant + slope . x + sum_k a_k relu(w_k . x + b_k)
struct Shallow {
    int width;
    const double* weights;  // width x 3
    const double* biases;
    const double* masses;
    const double* slope;  // 3
    double constant;
};

// What a body is within a box: normals . x <= most for each row, and inner <= |x - center| <= outer where outer > 0. Of
// boxes on the wrong side of any of the mirrors' planes others are images: mirrors . x >= least is what is left.
struct Body {
    const double* low;  // 3
    const double* high;
    int rows;
    const double* normals;  // rows x 3
    const double* most;
    const double* center;  // 3
    double inner, outer;
    int images;
    const double* mirrors;  // images x 3
    double least;
};

struct Boxed {
    double lower, upper;  // the largest value met, up to rounding; a bound of all
    double at[3];         // where it was met
    double boxes;
    bool complete;  // whether the bound is at most `target` or above the value by no more than `excess`
};

// Of |e|, or of side e where side is 1 or -1. Starts from `lower`, a value that is attained. The bound holds, up to
// rounding errors of the terms, whenever `watch` ends the work. It does not depend on `threads` unless that is so.
Boxed enclose(const Shallow& e, const Body& body, double side, double lower, double target, double excess, int threads,
              Watch& watch);

}  // namespace minnorm
