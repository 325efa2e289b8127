"""The words of the page, explained by the glossary of the documents."""

import re
from functools import cache
from html import escape
from importlib import resources

_MEANT = {
    "biases": "penalised biases",
    "certified": "certificate",
    "dual certificate": "certificate",
    "facing left": "knot",
    "facing right": "knot",
    "fewest knots": "knot",
    "initial weights": "initialisation",
    "largest margin of norm 1": "margin",
    "learning rate": "learning rate",
    "linear part": "skip",
    "loss + λ [f]": "objective",
    "neurons": "neuron",
    "norm": "path norm",
    "norm [f]": "variation norm",
    "optimiser": "implicit bias",
    "plateau, f = 1": "plateau",
    "relative gap": "gap",
    "seed of the points": "seed",
    "skip term": "skip",
    "step size": "learning rate",
    "stretch, f(x / s)": "stretch",
    "tail mass": "tail",
    "trained network": "excess norm",
    "λ": "lam",
    "λ, weight decay": "lam",
}
"""Which term a label of the page means, where it is not its own name."""


@cache
def terms() -> dict[str, str]:
    """Every term of the glossary with its definition, as plain text.

    >>> terms()["residual"]
    'The largest error of an interpolant on its data; a rounding error.'
    """
    text = resources.files("minnorm").joinpath("glossary.md").read_text("utf-8")
    found = re.findall(r"^(\S.*)\n:   ((?:.*\n)(?:    .*\n)*)", text + "\n", re.MULTILINE)
    return {term: _plain(definition) for term, definition in found}


def term_of(label: str) -> str:
    """The term of the glossary that a label means; "" if there is none.

    >>> term_of("Lower bound"), term_of("λ"), term_of("seconds")
    ('lower bound', 'lam', '')
    """
    name = _MEANT.get(label.lower(), label.lower())
    return name if name in terms() else ""


def explained(label: str) -> str:
    """HTML of a label, with a button that opens its definition if it has one."""
    term = term_of(label)
    return escape(label) + (f" {question(term)}" if term else "")


def question(term: str) -> str:
    """HTML of the button that opens the definition of a term."""
    name = escape(term, quote=True)
    return f'<button type="button" class="term" data-term="{name}" aria-label="What is: {name}?">?</button>'


def _plain(definition: str) -> str:
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(definition.split()))
    return words.replace("`", "").replace("*", "")
