#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <limits>
#include <memory>
#include <utility>

#include "ascent.hpp"
#include "boxes.hpp"
#include "branch.hpp"
#include "cones.hpp"
#include "exact.hpp"
#include "gram.hpp"
#include "plane.hpp"
#include "space.hpp"
#include "strips.hpp"
#include "train/handler.hpp"
#include "train/kernel.hpp"
#include "train/program.hpp"
#include "turns.hpp"

namespace nb = nanobind;
using namespace minnorm;

namespace {

using Matrix = nb::ndarray<const double, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Column = nb::ndarray<const double, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Changed = nb::ndarray<double, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Indices = nb::ndarray<const int, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using ArrayOf = nb::ndarray<nb::numpy, T>;
using Array = ArrayOf<double>;

Weighted data_of(const Matrix& points, const Column& nu, const Column& tilt) {
    if (points.shape(0) != nu.shape(0)) throw nb::value_error("points and nu must have one row per point");
    if (points.shape(1) + 1 != tilt.shape(0))
        throw nb::value_error("tilt must have one entry per column of points, and one");
    return {static_cast<int>(points.shape(0)), static_cast<int>(points.shape(1)), points.data(), nu.data(),
            tilt.data()};
}

Branching branching_of(const Matrix& points, const Column& weights, const Matrix& cone, bool affine) {
    if (points.shape(0) != weights.shape(0)) throw nb::value_error("points and weights must have one row per point");
    if (cone.shape(1) != points.shape(1)) throw nb::value_error("cone must have as many columns as points");
    const int n = static_cast<int>(points.shape(0)), rank = static_cast<int>(points.shape(1));
    return {n, rank, static_cast<int>(cone.shape(0)), points.data(), weights.data(), cone.data(), affine};
}

template <class T>
ArrayOf<T> array(std::vector<T>&& from, std::initializer_list<size_t> shape) {
    auto* kept = new std::vector<T>(std::move(from));
    nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
    return ArrayOf<T>(kept->data(), shape, owner);
}

// Ctrl-C, as Python makes an exception of it.
void raise_signals() {
    nb::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

// Runs without the interpreter lock; gives rows of (weights, bias), the values, and whether the time was enough.
template <class Find>
nb::tuple found(const Weighted& data, int threads, double seconds, Find find) {
    Atoms atoms(data.rank);
    Watch watch(seconds, raise_signals);
    {
        nb::gil_scoped_release release;
        atoms = finish(data, find(data, watch), threads);
    }
    const size_t count = atoms.values.size(), width = atoms.width;
    return nb::make_tuple(array(std::move(atoms.at), {count, width}), array(std::move(atoms.values), {count}),
                          watch.complete());
}

nb::tuple exact(Matrix points, Column nu, Column tilt, bool penalised, int per_pivot, int threads, double seconds) {
    const size_t rank = points.shape(1);
    if (rank < (penalised ? 1 : 2) || rank > 3)
        throw nb::value_error("points must have 2 or 3 columns, or 1 if penalised");
    return found(data_of(points, nu, tilt), threads, seconds, [&](const Weighted& data, Watch& watch) {
        return penalised ? exact_penalised(data, per_pivot, threads, watch)
                         : exact_free(data, per_pivot, threads, watch);
    });
}

nb::tuple search(Matrix points, Column nu, Column tilt, Matrix starts, bool penalised, bool both, int max_iterations,
                 int threads, double seconds) {
    if (starts.shape(1) != points.shape(1) + 1) throw nb::value_error("starts must have one column more than points");
    const int count = static_cast<int>(starts.shape(0));
    return found(data_of(points, nu, tilt), threads, seconds, [&](const Weighted& data, Watch& watch) {
        return ascend(data, starts.data(), count, penalised, both, max_iterations, threads, watch);
    });
}

nb::tuple supremum(Matrix points, Column weights, Matrix cone, bool affine, double lower, double target,
                   double closeness, int threads, double seconds) {
    const Branching problem = branching_of(points, weights, cone, affine);
    Watch watch(seconds, raise_signals);
    Branched found;
    {
        nb::gil_scoped_release release;
        found = branch(problem, lower, target, closeness, threads, watch);
    }
    return nb::make_tuple(found.lower, found.upper, found.nodes, found.complete);
}

nb::tuple covered(Matrix points, Column weights, Matrix cone, bool affine, double lower, double target,
                  double closeness, int threads, double seconds, double most) {
    const Branching problem = branching_of(points, weights, cone, affine);
    Watch watch(seconds, raise_signals);
    Covered found;
    {
        nb::gil_scoped_release release;
        found = cover(problem, lower, target, closeness, most, threads, watch);
    }
    const size_t width = static_cast<size_t>(problem.rank) + (affine ? 1 : 0), rows = found.at.size() / width;
    return nb::make_tuple(found.lower, found.upper, found.cells, found.complete,
                          array(std::move(found.at), {rows, width}));
}

// A null pointer is None: the time was over before all orders were made.
Plane* plane(Matrix points, int threads, double seconds) {
    if (points.shape(1) != 2 || points.shape(0) < 2 || points.shape(0) > Plane::most)
        throw nb::value_error("points must have 2 columns and 2 to 65536 rows");
    Watch watch(seconds, raise_signals);
    nb::gil_scoped_release release;
    auto made = std::make_unique<Plane>(static_cast<int>(points.shape(0)), points.data(), threads, watch);
    return watch.complete() ? made.release() : nullptr;
}

nb::tuple atoms_in(const Plane& plane, Column nu, Column tilt, int per_pivot, int threads, double seconds) {
    if (static_cast<int>(nu.shape(0)) != plane.size() || tilt.shape(0) != 3)
        throw nb::value_error("nu must have one entry per point, and tilt three");
    return found(plane.weighted(nu.data(), tilt.data()), threads, seconds, [&](const Weighted& data, Watch& watch) {
        return plane.atoms(data.nu, data.tilt, per_pivot, threads, watch);
    });
}

// A null pointer is None: the time was over before all orders were made, or there are three points on a line.
Space* space(Matrix points, int threads, double seconds) {
    if (points.shape(1) != 3 || points.shape(0) < 3 || points.shape(0) > Space::most)
        throw nb::value_error("points must have 3 columns and 3 to 1024 rows");
    Watch watch(seconds, raise_signals);
    nb::gil_scoped_release release;
    auto made = std::make_unique<Space>(static_cast<int>(points.shape(0)), points.data(), threads, watch);
    return watch.complete() && made->general() ? made.release() : nullptr;
}

nb::tuple atoms_in_space(const Space& space, Column nu, Column tilt, int per_pivot, int threads, double seconds) {
    if (static_cast<int>(nu.shape(0)) != space.size() || tilt.shape(0) != 4)
        throw nb::value_error("nu must have one entry per point, and tilt four");
    return found(space.weighted(nu.data(), tilt.data()), threads, seconds, [&](const Weighted& data, Watch& watch) {
        return space.atoms(data.nu, data.tilt, per_pivot, threads, watch);
    });
}

nb::tuple maxima_in(const Plane& plane, Column nu, double least, int threads, double seconds) {
    if (static_cast<int>(nu.shape(0)) != plane.size()) throw nb::value_error("nu must have one entry per point");
    Watch watch(seconds, raise_signals);
    Plane::Maxima all;
    {
        nb::gil_scoped_release release;
        all = plane.maxima(nu.data(), least, threads, watch);
    }
    const size_t count = all.values.size();
    return nb::make_tuple(array(std::move(all.at), {count, size_t{3}}), array(std::move(all.values), {count}),
                          array(std::move(all.pivots), {count}), array(std::move(all.partners), {count}),
                          watch.complete());
}

nb::tuple striped(Matrix points, Column weights, double lower, double target, double closeness, int threads,
                  double seconds) {
    if (points.shape(0) != weights.shape(0)) throw nb::value_error("points and weights must have one row per point");
    if (points.shape(1) != 2) throw nb::value_error("points must have two columns");
    const Planar problem{static_cast<int>(points.shape(0)), points.data(), weights.data()};
    Watch watch(seconds, raise_signals);
    Striped found;
    {
        nb::gil_scoped_release release;
        found = stripe(problem, lower, target, closeness, threads, watch);
    }
    return nb::make_tuple(found.lower, found.upper, found.strips, found.complete);
}

nb::tuple enclosed(Matrix weights, Column biases, Column masses, Column slope, double constant, Matrix box,
                   Matrix normals, Column most, Column center, double inner, double outer, Matrix mirrors, double least,
                   double side, double lower, double target, double excess, int threads, double seconds) {
    const size_t width = weights.shape(0), rows = normals.shape(0);
    if (weights.shape(1) != 3 || biases.shape(0) != width || masses.shape(0) != width || slope.shape(0) != 3)
        throw nb::value_error("weights must have 3 columns, biases and masses one entry per row, and slope three");
    if (box.shape(0) != 2 || box.shape(1) != 3 || center.shape(0) != 3 || normals.shape(1) != 3 ||
        mirrors.shape(1) != 3 || most.shape(0) != rows)
        throw nb::value_error(
            "box must be 2 x 3, center have 3 entries, normals and mirrors 3 columns, and most one per row");
    const Shallow e{static_cast<int>(width), weights.data(), biases.data(), masses.data(), slope.data(), constant};
    const Body body{box.data(),     box.data() + 3, static_cast<int>(rows),
                    normals.data(), most.data(),    center.data(),
                    inner,          outer,          static_cast<int>(mirrors.shape(0)),
                    mirrors.data(), least};
    Watch watch(seconds, raise_signals);
    Boxed found;
    {
        nb::gil_scoped_release release;
        found = enclose(e, body, side, lower, target, excess, threads, watch);
    }
    return nb::make_tuple(found.lower, found.upper, array(std::vector<double>(found.at, found.at + 3), {size_t{3}}),
                          found.boxes, found.complete);
}

Gram* gram(const Plane& plane, int threads) {
    nb::gil_scoped_release release;
    return new Gram(plane, threads);
}

int neurons_of(const Matrix& neurons, const Column& weights) {
    if (neurons.shape(1) != 3 || neurons.shape(0) != weights.shape(0))
        throw nb::value_error("neurons must have 3 columns, and one row for each of their weights");
    return static_cast<int>(neurons.shape(0));
}

void gram_product(const Gram& at, Matrix neurons, Column ratio, int threads, Changed matrix) {
    const int count = neurons_of(neurons, ratio);
    const auto n = static_cast<size_t>(at.size());
    if (matrix.shape(0) != n || matrix.shape(1) != n) throw nb::value_error("matrix must have a row for each point");
    nb::gil_scoped_release release;
    at.product(count, neurons.data(), ratio.data(), threads, matrix.data());
}

Array seen_in(const Gram& at, Matrix neurons, Column nu, int threads) {
    if (neurons.shape(1) != 3 || nu.shape(0) != static_cast<size_t>(at.size()))
        throw nb::value_error("neurons must have 3 columns, and nu one entry per point");
    std::vector<double> out(neurons.shape(0));
    {
        nb::gil_scoped_release release;
        at.seen(static_cast<int>(out.size()), neurons.data(), nu.data(), threads, out.data());
    }
    const size_t count = out.size();
    return array(std::move(out), {count});
}

Array outputs_in(const Gram& at, Matrix neurons, Column masses, int threads) {
    const int count = neurons_of(neurons, masses);
    std::vector<double> out(at.size());
    {
        nb::gil_scoped_release release;
        at.outputs(count, neurons.data(), masses.data(), threads, out.data());
    }
    return array(std::move(out), {static_cast<size_t>(at.size())});
}

Array turns(Column t, Column y, double slope) {
    const size_t n = t.shape(0);
    if (n == 0 || y.shape(0) != n) throw nb::value_error("t and y must have the same number of entries, at least one");
    std::vector<double> masses(n - 1);
    turns_to_meet(static_cast<int>(n), t.data(), y.data(), slope, masses.data());
    return array(std::move(masses), {n - 1});
}

}  // namespace

NB_MODULE(_native, m) {
    m.doc() = "Compiled oracles for minnorm.solve, bounds for minnorm.verification, the kernel for minnorm.training.";
    m.def("exact", &exact, nb::arg("points"), nb::arg("nu"), nb::arg("tilt"), nb::arg("penalised"),
          nb::arg("per_pivot"), nb::arg("threads"), nb::arg("seconds"));
    m.def("search", &search, nb::arg("points"), nb::arg("nu"), nb::arg("tilt"), nb::arg("starts"), nb::arg("penalised"),
          nb::arg("both"), nb::arg("max_iterations"), nb::arg("threads"), nb::arg("seconds"));
    m.def("branch", &supremum, nb::arg("points"), nb::arg("weights"), nb::arg("cone"), nb::arg("affine"),
          nb::arg("lower"), nb::arg("target"), nb::arg("closeness"), nb::arg("threads"), nb::arg("seconds"));
    m.def("cover", &covered, nb::arg("points"), nb::arg("weights"), nb::arg("cone"), nb::arg("affine"),
          nb::arg("lower"), nb::arg("target"), nb::arg("closeness"), nb::arg("threads"), nb::arg("seconds"),
          nb::arg("most") = std::numeric_limits<double>::infinity());
    m.def("stripe", &striped, nb::arg("points"), nb::arg("weights"), nb::arg("lower"), nb::arg("target"),
          nb::arg("closeness"), nb::arg("threads"), nb::arg("seconds"));
    m.def("enclose", &enclosed, nb::arg("weights"), nb::arg("biases"), nb::arg("masses"), nb::arg("slope"),
          nb::arg("constant"), nb::arg("box"), nb::arg("normals"), nb::arg("most"), nb::arg("center"), nb::arg("inner"),
          nb::arg("outer"), nb::arg("mirrors"), nb::arg("least"), nb::arg("side"), nb::arg("lower"), nb::arg("target"),
          nb::arg("excess"), nb::arg("threads"), nb::arg("seconds"));
    nb::class_<Plane>(m, "Plane")
        .def("atoms", &atoms_in, nb::arg("nu"), nb::arg("tilt"), nb::arg("per_pivot"), nb::arg("threads"),
             nb::arg("seconds"))
        .def("maxima", &maxima_in, nb::arg("nu"), nb::arg("least"), nb::arg("threads"), nb::arg("seconds"));
    nb::class_<Space>(m, "Space")
        .def("atoms", &atoms_in_space, nb::arg("nu"), nb::arg("tilt"), nb::arg("per_pivot"), nb::arg("threads"),
             nb::arg("seconds"));
    m.def("space", &space, nb::rv_policy::take_ownership, nb::arg("points"), nb::arg("threads"), nb::arg("seconds"));
    m.def("plane", &plane, nb::rv_policy::take_ownership, nb::arg("points"), nb::arg("threads"), nb::arg("seconds"));
    nb::class_<Gram>(m, "Gram")
        .def("product", &gram_product, nb::arg("neurons"), nb::arg("ratio"), nb::arg("threads"), nb::arg("matrix"))
        .def("seen", &seen_in, nb::arg("neurons"), nb::arg("nu"), nb::arg("threads"))
        .def("outputs", &outputs_in, nb::arg("neurons"), nb::arg("masses"), nb::arg("threads"));
    m.def("gram", &gram, nb::rv_policy::take_ownership, nb::keep_alive<0, 1>(), nb::arg("plane"), nb::arg("threads"));
    m.def("turns_to_meet", &turns, nb::arg("t"), nb::arg("y"), nb::arg("slope"));
    m.def("instruction_sets", [] {
        nb::list names;
        for (const auto& name : train::instruction_sets()) names.append(nb::str(name.c_str()));
        return names;
    });
    m.def("losses", [] {
        nb::list names;
        for (const char* name : train::kPaid) names.append(nb::str(name));
        return names;
    });
    m.def("operations", [] {
        nb::list names;
        for (const char* name : train::kOperations) names.append(nb::str(name));
        return names;
    });
    m.def("loss_and_gradient", [] { return nb::capsule(train::gradient_handler(), "xla._CUSTOM_CALL_TARGET"); });
    m.def("descend", [] { return nb::capsule(train::descent_handler(), "xla._CUSTOM_CALL_TARGET"); });
}
