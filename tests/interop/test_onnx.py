"""ONNX: what we write, and what others do."""

import io

import numpy as np
import pytest

import minnorm as mn
from made import random_network

onnx = pytest.importorskip("onnx")

X = np.random.default_rng(0).normal(size=(10, 3))


def run(model, x, name=None):
    """The library's own reference."""
    from onnx.reference import ReferenceEvaluator

    return np.asarray(ReferenceEvaluator(model).run(None, {model.graph.input[0].name: x})[0]).reshape(-1)


def graph(*nodes, **arrays):
    """Of points x to values y, in float32."""
    from onnx import TensorProto, helper, numpy_helper

    where = [helper.make_tensor_value_info(word, TensorProto.FLOAT, ["n", None]) for word in ("x", "y")]
    initial = [numpy_helper.from_array(np.asarray(part, np.float32), word) for word, part in arrays.items()]
    made = [helper.make_node(kind, words.split(), [out]) for kind, words, out in nodes]
    return helper.make_model(helper.make_graph(made, "g", where[:1], where[1:], initial))


@pytest.mark.parametrize("activation", ["relu", "leaky_relu:0.1", "abs"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_network_there_and_back_is_the_same(activation, kind):
    parts = {name: np.asarray(part, kind) for name, part in random_network(0, 5, 3).to_dict().items()}
    net = mn.ShallowReLU(**parts, activation=activation)
    model = net.to_onnx()
    assert mn.ShallowReLU.from_onnx(onnx.load_from_string(model.SerializeToString())) == net
    x = X.astype(kind)
    np.testing.assert_allclose(run(model, x), net.evaluate(x), rtol=1e-12 if kind == np.float64 else 1e-4, atol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu:0.1"])
def test_a_linear_term_there_and_back_is_the_same(activation):
    net = mn.ShallowReLU(**random_network(0, 5, 3, skip=True).to_dict(), activation=activation)
    model = net.to_onnx()
    assert mn.ShallowReLU.from_onnx(model) == net
    np.testing.assert_allclose(run(model, X), net.evaluate(X), rtol=1e-12)


def test_a_linear_term_of_others_is_read():
    """As exporters write a Linear beside the two layers, with a bias of its own, after them or before the last."""
    rng = np.random.default_rng(4)
    stored = {"w": rng.normal(size=(3, 4)), "b": rng.normal(size=4), "v": rng.normal(size=(4, 1)),
              "u": rng.normal(size=(3, 1)), "c": rng.normal(size=1)}  # fmt: skip
    first = [("MatMul", "x w", "h"), ("Add", "h b", "g"), ("Relu", "g", "a")]
    layer, beside = ("MatMul", "a v", "e"), ("Gemm", "x u c", "s")
    after = [*first, layer, beside, ("Add", "e s", "z"), ("Identity", "z", "y")]
    for nodes in (after, [*first, beside, layer, ("Add", "s e", "y")]):
        model = graph(*nodes, **stored)
        net = mn.ShallowReLU.from_onnx(model)
        np.testing.assert_allclose(net.evaluate(X), run(model, X.astype(np.float32)), rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(net.skip, stored["u"][:, 0].astype(np.float32))
        assert net.offset == np.float32(stored["c"][0])
        assert any("v . x is taken to be free" in note for note in mn.compare(model, X, X[:, 0], lam=0.1).notes)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_200_networks_have_the_objective_of_the_library_s_own_values(kind, objective):
    """Graphs by its own helper, run by its reference; the decay of all that is stored in them."""
    from onnx import helper, numpy_helper

    y, g, word = np.sin(X[:, 0]), 0.03, helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    ends = [helper.make_tensor_value_info(name, word, ["n", None]) for name in ("x", "y")]
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "a", "c"], ["y"], transB=1),
    ]
    rng = np.random.default_rng(2)
    for _ in range(200):
        arrays = {name: rng.normal(size=shape).astype(kind) for name, shape in
                  {"w": (5, 3), "b": (5,), "a": (1, 5), "c": (1,)}.items()}  # fmt: skip
        stored = [numpy_helper.from_array(part, name) for name, part in arrays.items()]
        opset = helper.make_opsetid("", 17)
        model = helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], stored), opset_imports=[opset])
        paid = np.mean((run(model, X.astype(kind)) - y.astype(kind)) ** 2)
        theirs = paid + g / 2 * sum(np.sum(part**2) for part in arrays.values())
        ours = objective(model, X.astype(kind), y.astype(kind), weight_decay=g, decayed="all")
        assert ours == pytest.approx(float(theirs), rel=1e-6 if kind == np.float32 else 1e-12)


def test_what_torch_writes_is_read():
    torch = pytest.importorskip("torch")
    for between in (torch.nn.ReLU(), torch.nn.LeakyReLU(0.25)):
        model = torch.nn.Sequential(torch.nn.Linear(3, 5), between, torch.nn.Linear(5, 1))
        file = io.BytesIO()
        torch.onnx.export(model, (torch.zeros(2, 3),), file, dynamo=False, input_names=["x"])
        assert mn.ShallowReLU.from_onnx(onnx.load_from_string(file.getvalue())) == mn.ShallowReLU.from_torch(model)


@pytest.mark.slow
def test_what_torch_s_newer_exporter_writes_is_read():
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 1))
    program = torch.onnx.export(model, (torch.zeros(2, 3),), dynamo=True, verbose=False)
    assert mn.ShallowReLU.from_onnx(program.model_proto) == mn.ShallowReLU.from_torch(model)


@pytest.mark.parametrize("classes", [False, True])
def test_what_skl2onnx_writes_is_read(classes):
    skl2onnx = pytest.importorskip("skl2onnx")
    from skl2onnx.common.data_types import DoubleTensorType
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    y = X[:, 0] > 0 if classes else X[:, 0]
    kind = MLPClassifier if classes else MLPRegressor
    fitted = kind(hidden_layer_sizes=(5,), solver="lbfgs", max_iter=5, random_state=0).fit(X, y)
    model = skl2onnx.to_onnx(fitted, initial_types=[("X", DoubleTensorType([None, 3]))])
    wanted = mn.ShallowReLU.from_sklearn(fitted)
    np.testing.assert_allclose(mn.ShallowReLU.from_onnx(model).evaluate(X), wanted.evaluate(X), rtol=1e-6)


def test_what_is_no_shallow_network_is_refused_in_one_line(refused):
    from onnx import TensorProto

    def of(model):
        return lambda: mn.compare(model, X, X[:, 0], weight_decay=0.1)

    w, v = np.ones((3, 4)), np.ones((4, 1))
    refused(of(graph(("MatMul", "x w", "y"), w=w)), "has 1 layer;")
    refused(of(graph(("MatMul", "x w", "h"), ("Tanh", "h", "y"), w=w)), "has a Tanh")
    twice = graph(("MatMul", "x w", "h"), ("Relu", "h", "a"), ("MatMul", "a v", "b"), ("Relu", "b", "y"), w=w, v=v)
    refused(of(twice), "Relu a second time")
    refused(
        of(graph(("MatMul", "x w", "h"), ("Relu", "h", "a"), ("MatMul", "a w2", "y"), w=w, w2=np.ones((4, 2)))), "2 out"
    )
    chain = [("MatMul", "x w", "h"), ("Relu", "h", "a"), ("MatMul", "a v", "y")]
    refused(
        of(graph(*chain[:1], ("Relu", "h", "y"), ("MatMul", "y v", "z"), w=w, v=v)), "has the outputs y, of which z"
    )
    long = (("MatMul", "h u", "g"), ("Relu", "g", "a"))
    refused(of(graph(*chain[:1], *long, chain[2], w=w, u=np.ones((3, 3)), v=v)), "has a MatMul of a shape that does")
    plus = (("Add", "h p", "g"), ("Add", "g q", "e"), ("Relu", "e", "a"))
    wrong = graph(*chain[:1], *plus, chain[2], w=w, p=np.ones(4), q=np.ones(3), v=v)
    refused(of(wrong), "has a Add of a shape that does not fit")
    swish = (("MatMul", "a v", "z"), ("Sigmoid", "z", "s"), ("Mul", "z s", "y"))
    refused(of(graph(*chain[:2], *swish, w=w, v=v)), "has a Mul after a Sigmoid")
    refused(of(graph(*chain, w=w * np.nan, v=v)), "has nan in weights of the first layer, 12 of 12")
    outside = graph(*chain, w=w, v=v)
    onnx.external_data_helper.set_external_data(outside.graph.initializer[0], "w.bin")
    outside.graph.initializer[0].data_location = TensorProto.EXTERNAL
    refused(of(outside), "has w in another file; write one file")
    refused(of(graph(("MatMul", "x w", "h"), ("Add", "h h", "y"), w=w)), "has a Add of two computed arrays")
    refused(of(graph(*chain[:1], ("MatMul", "x w", "g"), *chain[1:], w=w, v=v)), "beside the chain")
    skip = [*chain[:2], ("MatMul", "a v", "e"), ("MatMul", "x u", "s"), ("Add", "e s", "y")]
    refused(of(graph(*skip, w=w, v=v, u=np.ones((3, 2)))), "adds weights of shape")
    twice = [*skip[:4], ("Add", "e s", "z"), ("Add", "z s", "y")]
    refused(of(graph(*twice, w=w, v=v, u=np.ones((3, 1)))), "has a Add of two computed arrays")
    logit = [*skip[:2], ("MatMul", "a v", "e"), skip[3], ("Sigmoid", "e", "y")]
    refused(of(graph(*logit, w=w, v=v, u=np.ones((3, 1)))), "has a MatMul that is added to nothing")
    refused(of(graph(*skip[:2], ("MatMul", "a v", "y"), skip[3], w=w, v=v, u=np.ones((3, 1)))), "has a MatMul that")
    with pytest.raises(ValueError, match="ONNX has no node"):
        mn.ShallowReLU(**random_network(0, 5, 3).to_dict(), activation="2:0.5").to_onnx()
