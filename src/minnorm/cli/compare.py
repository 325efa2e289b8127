"""`minnorm compare`: how far a trained network is from the certified minimum of its own objective, and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from minnorm.cli import reading
from minnorm.cli.options import OUTPUT, Json, Target, decimal, picture
from minnorm.cli.reading import Data, Decimal, Drop, DropMissing, Features, Reading, Separator, Weights
from minnorm.cli.show import deliver, plain, print_json, print_table, text

if TYPE_CHECKING:
    from minnorm import Comparison

_OBJECTIVE = "Objective"  # panel of --help


def compare(
    data: Data,
    network: Annotated[
        Path,
        typer.Argument(
            help="The network: .pt (a state dict), .safetensors, .npz, .onnx, or .nc of minnorm solve or train. "
            "Nothing in it is executed."
        ),
    ],
    target: Target = None,
    weight_decay: Annotated[
        float | None,
        typer.Option(parser=decimal, help="As optimisers have it: the gradient's g theta.", rich_help_panel=_OBJECTIVE),
    ] = None,
    decayed: Annotated[
        Literal["weights", "all"] | None,
        typer.Option(
            help="What decays: weights (default), or biases and the constant, too.", rich_help_panel=_OBJECTIVE
        ),
    ] = None,
    loss: Annotated[
        str | None, typer.Option(help="As of minnorm solve; default: squares.", rich_help_panel=_OBJECTIVE)
    ] = None,
    reduction: Annotated[
        Literal["mean", "sum", "half"] | None,
        typer.Option(help="Of losses over points; half: 1/(2n) of squares.", rich_help_panel=_OBJECTIVE),
    ] = None,
    lam: Annotated[
        float | None,
        typer.Option(parser=decimal, help="That of minnorm solve, instead.", rich_help_panel=_OBJECTIVE),
    ] = None,
    activation: Annotated[
        str, typer.Option(metavar="relu|leaky_relu:SLOPE|abs", help="Of a file that has arrays alone.")
    ] = "relu",
    time_limit: Annotated[float, typer.Option(parser=decimal, help="Seconds for each minimum.")] = 60.0,
    features: Features = None,
    drop: Drop = None,
    dropna: DropMissing = False,
    weights: Weights = None,
    separator: Separator = None,
    decimal_mark: Decimal = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw where the excess is: a PNG, PDF or SVG.", rich_help_panel=OUTPUT)
    ] = None,
    as_json: Json = False,
) -> None:
    """How far a trained network is from the certified minimum of its own objective, and why.

    Example: `minnorm compare points.csv net.npz --weight-decay 1e-2`
    """
    picture(plot)
    from minnorm import Activation
    from minnorm import compare as compare_networks
    from minnorm.comparison import Comparison

    model = _model(network, Activation.of(activation))
    how = Reading(features, drop, dropna, separator, decimal_mark, weights)
    table = reading.table(data, target, how, interpolates=False)
    found = compare_networks(
        model,
        table.points,
        table.values,
        weight_decay=weight_decay,
        decayed=decayed,
        loss=loss,
        reduction=reduction,
        lam=lam,
        sample_weight=table.weights,
        time_limit=time_limit,
    )
    if plot is not None:
        from minnorm.plot import save

        deliver(save, found.plot().figure, plot)
    each = [found] if isinstance(found, Comparison) else [one for one in found.each if one is not None]
    if as_json:
        print_json(
            {
                "kind": "compare",
                **reading.columns(table),
                "networks": [_entry(one) for one in each],
                "plot": None if plot is None else str(plot),
            }
        )
    elif len(each) == 1:
        _print(each[0])
    else:
        rows = [
            [text(number) for number in (one.objective, one.lower_bound, one.excess, *one.parts.values())]
            for one in each
        ]
        print_table(
            f"{len(each)} networks", ["objective", "lower bound", "excess", *(each[0].parts if each else ())], rows
        )


def _model(path: Path, activation: Any) -> Any:
    """What a file holds, as `compare` takes it."""
    if path.suffix.lower() == ".nc":
        from minnorm import Solution, sealed

        found = sealed.load(path)
        return Solution.from_dataset(found) if "dual" in found else found
    from collections.abc import Mapping

    from minnorm import ShallowReLU
    from minnorm.interop.files import load

    found = load(path)
    if isinstance(found, Mapping) and not activation.rectifies:
        return ShallowReLU.from_state_dict(found, activation)
    return found


def _entry(one: "Comparison") -> dict[str, Any]:
    """The numbers of one network."""
    best = one.best.network
    return {
        "objective": plain(one.objective),
        "loss": plain(one.loss),
        "decay": plain(one.decay),
        "lower_bound": one.lower_bound,
        "excess": plain(one.excess),
        "parts": {name: plain(part) for name, part in one.parts.items()},
        "scope": one.scope,
        "best_objective": plain(one.best_objective),
        "neurons": one.network.width,
        "best_neurons": best.width,
        "distances": {name: {"l2": plain(part.l2), "sup": plain(part.sup)} for name, part in one.distances.items()},
        "minimised": one.objective_of.words,
        "notes": list(one.notes),
    }


def _print(one: "Comparison") -> None:
    title, *lines = repr(one).splitlines()
    print_table(title, ["", ""], [[part.strip() for part in line.strip().split("  ", 1)] for line in lines])
