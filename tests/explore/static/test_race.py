"""The view Race of the static page: the library's optimisers, above the floor; played, paused, stepped, scrubbed."""

import jax
import numpy as np
import optax
import pytest

import minnorm as mn
from minnorm.training.optimizers import OPTIMIZERS

pytestmark = pytest.mark.browser

COURSE = {
    "data": {
        "x": [-1.0, -0.3, 0.2, 1.0],
        "y": [0.0, 1.0, 0.4, 0.3],
        "lam": 0.01,
        "biasesCost": False,
        "skip": False,
    },
    "width": 12,
    "seed": 3,
    "scale": 1,
    "rates": {"gd": 0.1, "momentum": 0.03, "adam": 0.01, "muon": 0.003},
    "steps": 60,
}
RUN = """(course) => {
  const race = new minnorm.Race(course);
  while (!race.finished) race.advance(Infinity);
  const all = Object.entries(race.networks);
  const nets = Object.fromEntries(all.map(([name, kept]) => [name, kept.map((net) => [...net.parts])]));
  return { at: race.at, objectives: race.objectives, nets };
}"""


@pytest.mark.slow
@pytest.mark.parametrize("biases_cost", [False, True])
def test_steps_are_those_of_the_library(open_static, biases_cost):
    """From the same start, in double precision, for every optimiser."""
    course = {**COURSE, "data": {**COURSE["data"], "biasesCost": biases_cost, "skip": biases_cost}}
    found = open_static().evaluate(RUN, course)
    m, data = COURSE["width"], course["data"]
    x, y = np.array(data["x"])[:, None], np.array(data["y"])
    with jax.enable_x64(True):

        def loss(net):
            f = jax.nn.relu(x @ net["w"].T + net["b"]) @ net["a"] + net["c"] + data["skip"] * x[:, 0] * net["v"]
            return 0.5 * jax.numpy.mean((f - y) ** 2)

        def decay(net):
            costly = net["b"] if biases_cost else 0 * net["b"]
            return 0.5 * (jax.numpy.sum(net["w"] ** 2) + jax.numpy.sum(net["a"] ** 2) + jax.numpy.sum(costly**2))

        for name, rate in COURSE["rates"].items():
            parts = np.array(found["nets"][name][0])
            net = {
                "w": parts[:m, None],
                "b": parts[m : 2 * m],
                "a": parts[2 * m : 3 * m],
                "c": parts[-2],
                "v": parts[-1],
            }
            rule = OPTIMIZERS[name]
            coupled = rule.decay == "coupled"
            transformation = rule.direction(**rule.options)
            memory = transformation.init(net)

            @jax.jit
            def step(net, memory, coupled=coupled, rate=rate, transformation=transformation):
                pull = jax.grad(decay)(net)
                gradient = jax.grad(lambda net: loss(net) + (data["lam"] * decay(net) if coupled else 0.0))(net)
                update, memory = transformation.update(gradient, memory, net)
                if not coupled:
                    update = optax.tree.add(update, optax.tree.scale(data["lam"], pull))
                return optax.tree.sub(net, optax.tree.scale(rate, update)), memory

            for _ in range(COURSE["steps"]):
                net, memory = step(net, memory)
            objective = float(loss(net) + data["lam"] * decay(net))
            assert found["objectives"][name][-1] == pytest.approx(objective, rel=1e-9), name


def test_no_run_crosses_the_floor_and_seeds_leave_ghosts(open_static):
    page = open_static("#race?steps=400&x=-1~0~1&y=0~1~0&lam=0.01")
    floor = mn.fit([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], lam=0.01).value
    assert float(page.locator(".readout dd").first.inner_text()) == pytest.approx(floor, rel=1e-6)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('output').textContent !== '0'")
    page.get_by_role("button", name="Pause").click()
    step = page.locator("output").first.text_content()
    page.get_by_role("button", name="Step", exact=True).click()
    assert page.locator("output").first.text_content() != step
    page.get_by_label("Step", exact=True).fill("0")
    assert page.locator("output").first.text_content() == "0"
    page.get_by_role("button", name="New seed").click()
    page.wait_for_function("document.querySelector('output').textContent === '400'")
    assert "seed=1" in page.evaluate("location.href")
    assert page.locator(".ghost").count() == 4
    above = page.locator(".readout dd").all_inner_texts()[1:]
    assert len(above) == 4
    assert all(text.startswith(("+", "×")) for text in above)
    assert page.evaluate("document.querySelector('#main').innerText.includes('diverged')") is False
