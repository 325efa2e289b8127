"""PyTorch's modules: read exactly, their objective its own, what is no shallow network refused in one line."""

import numpy as np
import pytest

import minnorm as mn
from made import random_network

torch = pytest.importorskip("torch")
nn = torch.nn


class Between(nn.Module):
    """Two layers with any function between."""

    def __init__(self, function):
        super().__init__()
        self.enc, self.out, self.function = nn.Linear(3, 7), nn.Linear(7, 1), function

    def forward(self, x):
        return self.out(self.function(self.enc(x)))


class Named(nn.Module):
    """As people write it: names of their own, and a function between."""

    def __init__(self, dim=3, width=7, slope=0.0, bias=True):
        super().__init__()
        self.out = nn.Linear(width, 1, bias=bias)  # not in the order in which they are called
        self.enc = nn.ModuleDict({"lin": nn.Linear(dim, width, bias=bias)})
        self.slope = slope

    def forward(self, x):
        return self.out(nn.functional.leaky_relu(self.enc["lin"](x), self.slope)).squeeze(-1)


def sequential(*between, dim=3, width=7):
    return nn.Sequential(nn.Linear(dim, width), *between, nn.Linear(width, 1))


def values(model, X):
    with torch.no_grad():
        kind = next(model.parameters()).dtype
        return model(torch.from_numpy(X).to(kind)).reshape(-1).double().numpy()


MODELS = [
    lambda: sequential(nn.ReLU()),
    lambda: sequential(nn.LeakyReLU(0.2)),
    lambda: nn.Sequential(nn.Sequential(nn.Flatten(), nn.Linear(3, 7)), nn.ReLU(), nn.Identity(), nn.Linear(7, 1)),
    Named,
    lambda: Named(slope=0.125),
    lambda: Named(bias=False),
    lambda: sequential(nn.ReLU(), width=1),
]


@pytest.mark.parametrize("model", MODELS)
def test_a_module_is_read_whatever_its_names_nesting_and_precision(model):
    X = np.random.default_rng(0).normal(size=(20, 3))
    made = model()
    for kind in (torch.float32, torch.float64, torch.bfloat16, torch.float16):
        made = made.to(kind)
        net = mn.ShallowReLU.from_torch(made)
        np.testing.assert_allclose(net.evaluate(X), values(made.to(torch.float64), X), rtol=1e-12, atol=1e-12)
    assert made.training
    assert all(parameter.requires_grad for parameter in made.parameters())


def test_a_network_there_and_back_is_the_same():
    for kind in (np.float32, np.float64):
        for activation in ("relu", "leaky_relu:0.01", "abs"):
            net = random_network(0, 5, 3)
            parts = {name: np.asarray(part, kind) for name, part in net.to_dict().items()}
            net = mn.ShallowReLU(**parts, activation=activation)
            assert mn.ShallowReLU.from_torch(net.to_torch()) == net
            assert mn.ShallowReLU.from_state_dict(net.to_torch().state_dict(), activation) == net
    with pytest.raises(ValueError, match="PyTorch has no module"):
        mn.ShallowReLU(**random_network(0, 5, 3).to_dict(), activation="2:0.5").to_torch()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_200_networks_have_torch_s_own_objective(kind, objective):
    rng = np.random.default_rng(1)
    for k in range(200):
        dim, width, n = (int(size) for size in rng.integers(1, 20, size=3))
        X = torch.from_numpy(rng.normal(size=(n, dim))).to(kind)
        y, labels = torch.from_numpy(rng.normal(size=n)).to(kind), torch.arange(n).to(kind) % 2
        model = nn.Sequential(nn.Linear(dim, width), nn.ReLU(), nn.Linear(width, 1)).to(kind)
        decayed, decay = ("weights", "all")[k % 2], 10 ** float(rng.uniform(-4, 0))
        known = [
            (nn.MSELoss(), y, "squared", "mean"),
            (nn.MSELoss(reduction="sum"), y, "squared", "sum"),
            (nn.L1Loss(), y, "absolute", "mean"),
            (nn.HuberLoss(delta=0.7), y, "huber:0.7", "mean"),
            (nn.BCEWithLogitsLoss(), labels, "logistic", "mean"),
        ]
        loss, target, word, reduction = known[k % (5 if n > 1 else 4)]
        penalised = [p for p in model.parameters() if decayed == "all" or p.ndim == 2]
        with torch.no_grad():
            squares = sum((p**2).sum() for p in penalised)
            theirs = float(loss(model(X).reshape(-1), target) + decay / 2 * squares)
        options = {"weight_decay": decay, "decayed": decayed, "loss": word, "reduction": reduction}
        ours = objective(model, X.numpy().astype(float), target.numpy().astype(float), **options)
        assert ours == pytest.approx(theirs, rel=1e-6 if kind == torch.float32 else 1e-12)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
def test_which_optimiser_s_decay_is_in_the_gradient(optimizer):
    """Coupled: the first step is that of the objective with decay. Decoupled: it is not."""
    torch.manual_seed(0)
    X, y = torch.randn(9, 3, dtype=torch.float64), torch.randn(9, dtype=torch.float64)
    one, other = (sequential(nn.ReLU()).double() for _ in range(2))
    other.load_state_dict(one.state_dict())
    for model, inside in ((one, 0.0), (other, 0.3)):
        stepping = optimizer(model.parameters(), lr=0.1, weight_decay=0.3 - inside)
        squares = sum((p**2).sum() for p in model.parameters())
        (nn.functional.mse_loss(model(X).reshape(-1), y) + inside / 2 * squares).backward()
        stepping.step()
    apart = max(float((p - q).detach().abs().max()) for p, q in zip(one.parameters(), other.parameters(), strict=True))
    assert (apart > 1e-3) == (optimizer is torch.optim.AdamW)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: nn.Sequential(*sequential(nn.ReLU(), nn.Linear(7, 7), nn.ReLU())), "3 linear layers"),
        (lambda: sequential(nn.Tanh()), "has a Tanh"),
        (lambda: sequential(nn.BatchNorm1d(7), nn.ReLU()), "has a BatchNorm1d"),
        (lambda: sequential(nn.ReLU(), nn.Dropout(0.1)), "has a Dropout"),
        (lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), "has 2 outputs"),
        (lambda: sequential(), "does more than its layers, or has another activation"),
        (lambda: nn.Sequential(sequential(nn.ReLU()), nn.ReLU()), "has 2 activations"),
        (lambda: nn.Linear(3, 1), "1 linear layer;"),
        (lambda: nn.Conv1d(3, 1, 1), "has a Conv1d"),
        (lambda: sequential(nn.LazyLinear(7), nn.ReLU()), "was never called"),
        (lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(5, 1)), "do not follow each other"),
        (lambda: torch.zeros(3), "is a tensor"),
        (lambda: torch.optim.SGD(nn.Linear(3, 1).parameters()), "is a SGD; give the network"),
        (lambda: sequential(nn.ReLU()).to("meta"), "holds a Tensor without numbers"),
        (lambda: torch.jit.trace(sequential(nn.ReLU()), torch.ones(1, 3)), "is TorchScript"),
        (lambda: sequential(nn.BatchNorm1d(7), nn.ReLU()).state_dict(), "has 1.running_mean, of a batch norm"),
        (lambda: Between(nn.functional.relu6), "another activation"),
        (lambda: Between(lambda z: nn.functional.hardtanh(z, 0.0, 100.0)), "another activation"),
        (lambda: list(sequential(nn.ReLU()).parameters()), "is of type list; give a ShallowReLU, a Solution"),
        (lambda: nn.Parameter(torch.zeros(3)), "is a tensor"),
        (lambda: torch.nn.utils.parametrizations.weight_norm(nn.Linear(3, 1)), "has a "),
    ],
)
def test_what_is_no_shallow_network_is_refused_in_one_line(model, message, refused):
    refused(lambda: mn.compare(model(), np.eye(3), np.ones(3), weight_decay=0.1), message)


def test_nan_weights_and_another_width_are_refused(refused):
    broken = sequential(nn.ReLU())
    with torch.no_grad():
        broken[0].bias[1] = torch.nan
    refused(
        lambda: mn.compare(broken, np.eye(3), np.ones(3), weight_decay=0.1),
        "has nan in its biases, 1 of 7 are not finite",
    )
    other = sequential(nn.ReLU(), dim=2)
    refused(lambda: mn.compare(other, np.eye(3), np.ones(3), weight_decay=0.1), "X has 3 columns and the model takes 2")


@pytest.mark.slow
def test_a_module_is_compared_and_so_is_its_state_dict():
    torch.manual_seed(0)
    X = np.random.default_rng(0).normal(size=(20, 2))
    y, model = X[:, 0] ** 2, Named(2)
    found = mn.compare(model, X, y, weight_decay=1e-2, decayed="all")
    same = mn.compare(model.state_dict(), X, y, weight_decay=1e-2, decayed="all")
    assert found.objective == same.objective
    assert found.excess > 0
    bare = mn.compare(Named(2, bias=False), X, y, weight_decay=1e-2)
    assert "no biases" in bare.notes[0]
    assert bare.best.penalty.offset == "none"


def test_nothing_is_claimed_while_torch_has_small_numbers_taken_for_0():
    """`set_flush_denormal` changes the arithmetic of all that runs in the thread."""
    x, y = np.random.default_rng(0).normal(size=(8, 2)), np.arange(8.0)
    solution = mn.fit(x, y, 0.1)
    torch.set_flush_denormal(True)
    try:
        with pytest.raises(RuntimeError, match=r"torch\.set_flush_denormal\(False\)"):
            mn.verify(x, y, solution)
        with pytest.raises(RuntimeError, match="proofs need them"):
            mn.interpolate(x, y)
    finally:
        torch.set_flush_denormal(False)
    assert mn.verify(x, y, solution).certified


@pytest.mark.slow
def test_hundreds_of_adam_s_steps_are_those_of_train():
    x = np.random.default_rng(0).normal(size=(40, 2))
    y, start = np.sin(2 * x[:, 0]) + x[:, 1], random_network(1, width=30, dim=2)
    given = {"width": 30, "learning_rate": 0.01, "weight_decay": 1e-3, "steps": 300, "dtype": "float64"}
    ((_, ours),) = mn.training.networks(mn.train(x, y, start=lambda seed, width: start, **given))
    model = start.to_torch().double()
    named = dict(model.named_parameters())
    groups = [[part for name, part in named.items() if word in name] for word in ("weight", "bias")]
    adam = torch.optim.Adam([{"params": groups[0], "weight_decay": 1e-3}, {"params": groups[1]}], lr=0.01)
    points, labels = torch.from_numpy(x), torch.from_numpy(y)
    for _ in range(300):
        adam.zero_grad()
        (0.5 * nn.functional.mse_loss(model(points).squeeze(-1), labels)).backward()
        adam.step()
    np.testing.assert_allclose(ours.evaluate(x), values(model, x), rtol=0, atol=1e-10)
