"""Regions drawn as an image: grey levels are labels."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from contourpy import FillType, contour_generator
from jaxtyping import Float

from minnorm.checks import numbers, real
from minnorm.objective.regions.known import Regions
from minnorm.objective.regions.straight import Polygon

_LEVELS = 8
_OFF = 0.5  # pixels that an outline may be moved by to have fewer corners
_SMALLEST = 3  # corners
_NEAR = 0.6 / 255  # a level of 8 bits is the number that was meant


def of_image(
    image: "npt.ArrayLike | str | Path",
    labels: dict[float, float] | None = None,
    *,
    unknown: float | int | None = None,
    height: float | int = 1.0,
) -> Regions:
    """Regions of a mask: pixels of one grey level are a region, and their label is what the level stands for.

    Outlines run half-way between pixels of different levels, and are then moved by up to half a pixel to have few
    corners: regions are right to one pixel. Levels must be apart by two pixels or more that are `unknown`.

    Arguments: `image`, an array (rows, columns), or a PNG file, whose colours are averaged and scaled to 0 .. 1; NaN
    and transparent pixels are unknown. `labels`, from levels to labels, by default the level itself; `unknown`, a level
    without a label, where there are neither NaN nor transparent pixels; `height` of the image in the plane, whose lower
    left corner is at the origin.

    Errors: ValueError for more than eight levels, none that is unknown, and levels that touch.

    >>> mask = np.full((9, 20), 0.5)
    >>> mask[2:7, 2:7], mask[2:7, 13:18] = 0.0, 1.0
    >>> of_image(mask, unknown=0.5, height=9).amplitude
    1.0
    """
    grey = _read(image) if isinstance(image, str | Path) else numbers(image, "image")
    if grey.ndim != 2 or min(grey.shape) < 2:
        raise ValueError(f"image has shape {grey.shape}; give a picture (rows, columns)")
    size = real("height", height, "a number > 0", lambda number: 0 < number < math.inf)
    if unknown is not None:
        grey = np.where(np.isclose(grey, real("unknown", unknown, "a grey level"), rtol=0, atol=_NEAR), math.nan, grey)
    levels = np.unique(np.round(grey[np.isfinite(grey)], 3))
    if not 1 <= levels.size <= _LEVELS:
        raise ValueError(f"image has {levels.size} known grey levels; give 1 to {_LEVELS}, without blurred edges")
    if np.all(np.isfinite(grey)):
        raise ValueError("image is known everywhere; name the level between regions by unknown, or make it transparent")
    found = []
    for level in levels.tolist():
        label = level if labels is None else _label(labels, level)
        if label is None:
            continue
        found += [(shape, label) for shape in _outlines(np.isclose(grey, level, atol=1e-3), size / grey.shape[0])]
    if not found:
        raise ValueError("labels names no level of the image, or regions of less than a few pixels")
    return Regions(found)


def _read(path: str | Path) -> Float[np.ndarray, "h w"]:
    """A file's grey levels from 0 to 1, NaN where it is transparent."""
    from matplotlib.image import imread

    picture = np.asarray(imread(path), dtype=np.float64)
    picture = picture / 255 if np.nanmax(picture) > 1 else picture
    if picture.ndim == 2:
        return picture
    grey = np.mean(picture[..., :3], axis=2) if picture.shape[2] > 2 else picture[..., 0]
    alpha = picture[..., -1] if picture.shape[2] in (2, 4) else np.ones(grey.shape)
    return np.where(alpha < 0.5, math.nan, grey)


def _label(labels: dict[float, float], level: float) -> float | None:
    """The label of a level, None where it has none."""
    return next((float(label) for known, label in labels.items() if abs(known - level) <= _NEAR), None)


def _outlines(inside: np.ndarray, pixel: float) -> list[Polygon]:
    """The connected parts of a set of pixels, as polygons with holes."""
    height = inside.shape[0]
    padded = np.pad(inside.astype(np.float64), 1)
    across, up = np.arange(padded.shape[1]) - 0.5, height - np.arange(padded.shape[0]) + 0.5
    drawn = contour_generator(across, up, padded, fill_type=FillType.OuterOffset).filled(0.5, 2.0)
    shapes = []
    for corners, offsets in zip(*drawn, strict=True):
        rings = [_simplified(corners[a : b - 1]) for a, b in pairwise(offsets)]
        if len(rings[0]) >= _SMALLEST:
            shapes.append(Polygon(tuple(pixel * ring for ring in rings if len(ring) >= _SMALLEST)))
    return shapes


def _simplified(ring: Float[np.ndarray, "k 2"]) -> Float[np.ndarray, "j 2"]:
    """A closed line of fewer corners that passes all others nearby (Ramer 1972; Douglas & Peucker 1973)."""
    far = int(np.argmax(np.linalg.norm(ring - ring[0], axis=1)))
    kept = {0, far}
    closed = np.concatenate([ring, ring[:1]])
    left = [(0, far), (far, len(ring))]
    while left:
        a, b = left.pop()
        if b - a < 2:
            continue
        along = closed[b] - closed[a]
        length = float(np.hypot(*along))
        rest = closed[a + 1 : b] - closed[a]
        away = np.abs(rest[:, 0] * along[1] - rest[:, 1] * along[0]) / length if length else np.hypot(*rest.T)
        k = int(np.argmax(away))
        if away[k] > _OFF:
            kept.add(a + 1 + k)
            left += [(a, a + 1 + k), (a + 1 + k, b)]
    return ring[sorted(kept)]
