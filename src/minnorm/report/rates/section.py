"""The sections of the convergence theorem: what each study of it measured, as power laws with intervals."""

from collections.abc import Sequence

from minnorm.report.rates import decay, noise, points, width
from minnorm.report.rates.solved import Solved
from minnorm.report.section import Section
from minnorm.study import Store


def sections(stores: Sequence[Store]) -> list[Section]:
    """What there is to say, a section for each study; ValueError for one of which no shard is done.

    A study that trains is one of width; one that solves is one of noise if its labels have noise, else one of the
    number of points if each of its problems has one lam, else one of lam.
    """
    return [_section(store) for store in stores]


def _section(store: Store) -> Section:
    study, unfinished = store.study(), store.unfinished()
    trained = list(store.trained())
    if trained:
        return width.section(study, trained, unfinished)
    solved = [Solved.of(shard, data) for shard, data in store.solved()]
    if not solved:
        raise ValueError(f"{store.directory}: no shard of {study.name!r} is done; run the study first")
    if any(one.noise > 0 for one in solved):
        return noise.section(study, solved, unfinished)
    if all(len(one.lams) == 1 for one in solved):
        return points.section(study, solved, unfinished)
    return decay.section(study, solved, unfinished)
