"""Make the gallery: run its commands, keep their pictures, and write the page with their key numbers.

    python docs/gallery.py

The page says what the commands say: `tests/test_gallery.py` runs them again.
"""

import contextlib
import io
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PICTURES, DATA = FOLDER / "images" / "gallery", FOLDER / "data"

HEAD = """# Gallery

Every picture on this page is made by the command above it, from the data linked beside it, and the numbers are from
the same command with `--json`. `python docs/gallery.py` makes the page.

In nearly all of them the last panels show what proves the answer minimal: a dual certificate that stays within
[-1, 1] and touches +1 or -1 wherever the minimiser has a neuron.
"""

Numbers = Callable[[dict[str, Any]], list[tuple[str, str]]]


@dataclass(frozen=True)
class Entry:
    """One command: a title, a sentence or two, its arguments without `--plot`, and the name of its picture, if any."""

    title: str
    text: str
    arguments: tuple[str, ...]
    picture: str | None = None

    @property
    def data(self) -> str | None:
        """The name of its CSV file."""
        return next((word for word in self.arguments if word.endswith(".csv")), None)

    @property
    def command(self) -> tuple[str, ...]:
        """All arguments, as the page shows them."""
        return self.arguments + (
            () if self.picture is None else ("--plot", f"{self.picture}.png")
        )


def known(words: str) -> tuple[str, ...]:
    """The arguments of a `minnorm known` command."""
    return ("known", *words.split())


SECTIONS: dict[str, list[Entry]] = {
    "Points on the line": [
        Entry(
            "Free biases",
            "The line through the dots is one minimiser; the band is what all of them fill. "
            "[More](line.md#all-minimisers).",
            known("line points.csv"),
            "line",
        ),
        Entry(
            "A free skip term, and the fewest knots",
            "A linear term at no cost, and the minimiser with the fewest neurons.",
            known("line points.csv --skip free --sparsest"),
            "line-skip",
        ),
        Entry(
            "Penalised biases",
            "A turn far from the origin costs more: the minimiser is unique, and some of its knots lie between points. "
            "[More](line.md#penalised-biases).",
            known("line points.csv --bias penalised --skip free"),
            "line-penalised",
        ),
        Entry(
            "Classes",
            "The max-margin network: least norm with y f >= 1. Gaps between classes are all that counts. "
            "[More](line.md#classes).",
            known("line classes.csv --margin"),
            "line-margin",
        ),
        Entry(
            "Classes where biases cost",
            "Knots lie between the points, where they are nearer to the origin, and margins may be larger there. "
            "[More](line.md#classes).",
            known("line classes.csv --margin --bias penalised --skip free"),
            "line-margin-penalised",
        ),
        Entry(
            "Lazy and rich",
            "Interpolants of the tangent kernel, where all parameters move a little, and of random features, where "
            "outer weights move alone, beside the least norm. They are functions of other spaces, with other norms, "
            "and there is no certificate. [More](lazy.md).",
            known("kernel points.csv"),
            "lazy",
        ),
    ],
    "Radial bumps": [
        Entry(
            "Odd dimension",
            "1 at the origin, 0 outside the unit ball: atoms of alternating signs, at the alternation points of a best "
            "approximation. [More](radial.md).",
            known("radial --dim 9"),
            "radial-odd",
        ),
        Entry(
            "Even dimension",
            "The measure has a tail outside the ball, of one sign, where the certificate stays at its bound.",
            known("radial --dim 2"),
            "radial-even",
        ),
        Entry(
            "With a plateau",
            "1 on the ball of radius 0.3: no neuron turns there.",
            known("radial --dim 5 --plateau 0.3"),
            "radial-plateau",
        ),
        Entry(
            "Known up to a finite radius",
            "0 for 1 <= |x| <= 1.2 only. In even dimension this is cheaper than 0 on all of |x| >= 1.",
            known("radial --dim 4 --outer 1.2"),
            "radial-outer",
        ),
        Entry(
            "Near 1 and 0 instead of exactly",
            "Within 0.05 of 1 in the ball of radius 0.3, and of 0 on 1 <= |x| <= 2: less than half of what exactly "
            "costs. [More](radial.md#near-1-and-0-instead-of-exactly).",
            known("radial --dim 2 --plateau 0.3 --outer 2 --within 0.05"),
            "radial-within",
        ),
        Entry(
            "Data that depend on the radius",
            "Weight-decay training on labels of spheres, to the global minimum. [More](radial.md).",
            known("radial-fit radii.csv --dim 4 --lam 1e-4"),
            "radial-fit",
        ),
        Entry(
            "The norms of many dimensions",
            "The same with bounds, and with more digits, as CSV or JSON: `--out`, `--digits`, `--json`.",
            known("radial --table 8"),
        ),
    ],
    "Ridges": [
        Entry(
            "Points on a line in space, penalised biases",
            "One coordinate is enough. The line passes the origin at a distance, so the norm is that of points drawn "
            "together. [More](ridge.md#points-on-a-line).",
            known("ridge line-in-space.csv --bias penalised"),
            "ridge-line",
        ),
        Entry(
            "Labels h(w . x) of points around a line",
            "The dual vector of h is lifted to the points; in the third panel, atoms that face any other direction "
            "stay below 1. [More](ridge.md#labels-hw-x).",
            known("ridge fibres.csv --direction 0.8,0.6"),
            "ridge-fibres",
        ),
        Entry(
            "A sum of two on orthogonal axes",
            "One turns upwards, the other downwards: their norms add up. [More](ridge.md#sums-on-orthogonal-axes).",
            known("ridge-sum cross.csv"),
            "ridge-sum",
        ),
    ],
    "Polytopes": [
        Entry(
            "A pentagon",
            "1 at the centre, 0 at the corners: 10 sin(pi / 10). [More](polytopes.md).",
            known("polygon --corners 5"),
        ),
        Entry(
            "A square",
            "Four corners cost less than three, or five.",
            known("polygon --corners 4"),
        ),
        Entry(
            "A cross-polytope",
            "1 at the origin, 0 at the unit vectors and their negatives: 2 sqrt(3).",
            known("cross-polytope --dim 3"),
        ),
        Entry(
            "A simplex",
            "Any labels at unit vectors and the origin cost the root of their squares' sum.",
            known("simplex --labels 1,0,2.5 --origin 0"),
        ),
        Entry(
            "The largest margin of a ball",
            "1 or more in the ball, -1 or less outside of the unit ball: a cone.",
            known("radial-margin --dim 5 --plateau 0.3"),
        ),
        Entry(
            "The largest margin of two convex bodies",
            "One neuron, which turns at the nearest points of the two: 2 over their distance.",
            known("convex-margin --first 3,0 --second 0,4"),
        ),
    ],
    "Denoisers": [
        Entry(
            "Points on the line",
            "Each clean point is returned from a ball around it; between the balls there are straight steps. "
            "[More](ridge.md#denoisers).",
            known("denoiser clean-line.csv --radius 0.25"),
            "denoiser-line",
        ),
        Entry(
            "Points on rays in the plane",
            "The angles between the rays are not acute, and the steps along them add up. Arrows lead from x to f(x).",
            known("denoiser clean-rays.csv --radius 0.25"),
            "denoiser-rays",
        ),
        Entry(
            "An acute triangle",
            "Three balls whose steps are along the heights; that nothing is cheaper is certified. "
            "[More](ridge.md#acute-triangles).",
            known("denoiser clean-triangle.csv --radius 0.2"),
            "denoiser-triangle",
        ),
    ],
}


def entries() -> list[Entry]:
    """All of them, in order."""
    return [entry for section in SECTIONS.values() for entry in section]


def run(arguments: tuple[str, ...], folder: Path) -> dict[str, Any]:
    """What the command prints with `--json`, run in a folder with the data."""
    from minnorm import cli

    for path in DATA.glob("*.csv"):
        shutil.copy(path, folder)
    said, before = io.StringIO(), sys.argv
    sys.argv = ["minnorm", *arguments, "--json"]
    try:
        with (
            contextlib.chdir(folder),
            contextlib.redirect_stdout(said),
            contextlib.suppress(SystemExit),
        ):
            cli.main()
    finally:
        sys.argv = before
    if not said.getvalue():
        raise RuntimeError(
            f"minnorm {' '.join(arguments)} failed; its message is on standard error"
        )
    return json.loads(said.getvalue())


def numbers(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The key numbers of an answer; of one that was found to a tolerance, the digits that it determines."""
    if found["kind"] == "radial fit":
        return [
            ("objective", f"{found['value']:.5g}"),
            ("norm", f"{found['norm']:.3g}"),
            ("certified", "yes" if found["certified"] else "no"),
        ]
    if found["kind"] == "radial within":
        low, high = found["norm_lower"], found["norm_upper"]
        return [
            ("norm", f"{high:.6g}"),
            ("proven to a relative error of", f"{_above(high / low - 1)}"),
        ]
    if found["kind"] == "kernel":
        return [
            (f"norm in the space of the {name}", f"{found[key]['norm']:.6g}")
            for key, name in (("tangent", "tangent kernel"), ("features", "features"))
        ]
    rows = [("norm", f"{found['norm']:.9g}")]
    if "proven" in found:
        rows.append(
            (
                "proven to a relative error of",
                f"{_above(found['norm_upper'] / found['norm_lower'] - 1)}",
            )
        )
    for name in ("certified", "scope", "unique"):
        if found.get(name) is not None:
            rows.append(
                (name, {True: "yes", False: "no"}.get(found[name], str(found[name])))
            )
    if "knots" in found:
        rows.append(("knots", ", ".join(f"{knot:.5g}" for knot in found["knots"])))
    if "lipschitz" in found:
        rows.append(("Lipschitz constant", f"{found['lipschitz']:.6g}"))
    if "atoms" in found:
        rows.append(("atoms", str(len(found["atoms"]))))
    if found.get("tail_mass"):
        rows.append(("mass outside the ball", f"{found['tail_mass']:.6g}"))
    for j, ray in enumerate(found.get("rays", [])):
        rows.append(
            (
                f"slopes on ray {j + 1}",
                ", ".join(f"{slope:.6g}" for slope in ray["slopes"]),
            )
        )
    return rows


def _above(error: float) -> str:
    """A power of ten above a relative error, which is not the same on all machines."""
    return next(f"1e-{k}" for k in range(12, 0, -1) if error <= 10.0**-k)


def page(answers: list[dict[str, Any]]) -> str:
    """The page, with an answer for each entry."""
    found = iter(answers)
    parts = [HEAD]
    for section, content in SECTIONS.items():
        parts.append(f"## {section}\n")
        for entry in content:
            answer = next(found)
            parts += [
                f"### {entry.title}\n",
                f"{entry.text}\n",
                f"```sh\nminnorm {' '.join(entry.command)}\n```\n",
            ]
            if entry.data is not None:
                parts.append(f"Data: [{entry.data}](data/{entry.data})\n")
            if entry.picture is not None:
                parts.append(f"![{entry.title}](images/gallery/{entry.picture}.png)\n")
            parts.append(_rows(answer) if "rows" in answer else _one(answer))
    return "\n".join(parts)


def _one(answer: dict[str, Any]) -> str:
    lines = [f"| {name} | {value} |" for name, value in numbers(answer)]
    return "\n".join(["| | |", "|---|---|", *lines]) + "\n"


def _rows(answer: dict[str, Any]) -> str:
    lines = [
        f"| {row['dim']} | {row['norm']:.9g} | {row['lipschitz']:.6g} |"
        for row in answer["rows"]
    ]
    return (
        "\n".join(
            ["| dimension | norm | Lipschitz constant |", "|---|---|---|", *lines]
        )
        + "\n"
    )


def main() -> None:
    """Make pictures and page anew."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    answers = []
    for entry in entries():
        with tempfile.TemporaryDirectory() as folder:
            answers.append(run(entry.command, Path(folder)))
            for picture in Path(folder).glob("*.png"):
                shutil.copy(picture, PICTURES)
    (FOLDER / "gallery.md").write_text(page(answers))


if __name__ == "__main__":
    main()
