"""How objects show themselves: a title and a line for each of a few facts; in notebooks, a small picture beside them.

The pictures are vector graphics of a few hundred characters, in the colour of the page's text.
"""

from collections.abc import Mapping
from html import escape

import numpy as np
import numpy.typing as npt

_WIDTH, _HEIGHT = 220, 80
_EDGE = 6


def record(title: str, facts: Mapping[str, str]) -> str:
    """A title and a line for each fact.

    >>> print(record("Square", {"side": "2", "area": "4"}))
    Square
      side  2
      area  4
    """
    width = max(map(len, facts))
    return "\n".join([title, *(f"  {name:{width}}  {fact}" for name, fact in facts.items())])


def card(text: str, picture: str) -> str:
    """HTML of a picture beside a text."""
    style = "display:flex;gap:1.5em;align-items:center"
    return f'<div style="{style}">{picture}<pre style="margin:0">{escape(text)}</pre></div>'


def curve(x: npt.ArrayLike, y: npt.ArrayLike, label: str) -> str:
    """A function, by its values y at ascending x, and the level 0 where it is in sight."""
    across, up = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    low, high = float(np.min(up)), float(np.max(up))
    places = zip(_along(across), _up(up, low, high), strict=True)
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    zero = _level(float(_up(np.zeros(1), low, high)[0])) if low <= 0 <= high and low < high else ""
    return _drawn(f'{zero}<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="1.6"/>', label)


def bars(parts: npt.ArrayLike, label: str) -> str:
    """Parts of a whole, the largest first, the negative ones hollow."""
    sizes = np.asarray(parts, dtype=np.float64)
    sizes = sizes[np.argsort(-np.abs(sizes))][: _WIDTH // 3]
    top = float(np.max(np.abs(sizes), initial=0.0)) or 1.0
    step = min(16.0, (_WIDTH - 2 * _EDGE) / max(1, sizes.size))
    drawn = []
    for k, size in enumerate(sizes.tolist()):
        tall = (_HEIGHT - 2 * _EDGE) * abs(size) / top
        fill = "currentColor" if size > 0 else "none"
        place = f'x="{_EDGE + k * step:.1f}" y="{_HEIGHT - _EDGE - tall:.1f}"'
        shape = f'width="{0.7 * step:.1f}" height="{tall:.1f}"'
        drawn.append(f'<rect {place} {shape} fill="{fill}" stroke="currentColor"/>')
    return _drawn("".join(drawn), label)


def scale(value: float, limit: float, label: str) -> str:
    """A number on a logarithmic scale from 1e-16 to 1, and the limit below which it is to be."""

    def place(number: float) -> float:
        decades = np.log10(number) if number > 0 else -16.0
        return _EDGE + (_WIDTH - 2 * _EDGE) * (1 + float(np.clip(decades, -16, 0)) / 16)

    middle = _HEIGHT / 2
    mark = f'<path d="M{place(limit):.1f} {middle - 16}v32" stroke="currentColor" stroke-dasharray="3 2"/>'
    dot = f'<circle cx="{place(value):.1f}" cy="{middle}" r="5" fill="currentColor"/>'
    words = "".join(
        f'<text x="{x}" y="{_HEIGHT - _EDGE}" text-anchor="{anchor}" font-size="10" fill="currentColor">{word}</text>'
        for x, anchor, word in ((_EDGE, "start", "1e-16"), (_WIDTH - _EDGE, "end", "1"))
    )
    return _drawn(_level(middle) + mark + dot + words, label)


def _along(x: np.ndarray) -> np.ndarray:
    extent = float(np.ptp(x)) or 1.0
    return _EDGE + (_WIDTH - 2 * _EDGE) * (x - x[0]) / extent


def _up(y: np.ndarray, low: float, high: float) -> np.ndarray:
    share = (y - low) / (high - low) if high > low else np.full(y.shape, 0.5)
    return _HEIGHT - _EDGE - (_HEIGHT - 2 * _EDGE) * share


def _level(y: float) -> str:
    return f'<path d="M{_EDGE} {y:.1f}H{_WIDTH - _EDGE}" stroke="currentColor" stroke-opacity="0.3"/>'


def _drawn(content: str, label: str) -> str:
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    name = f'role="img" aria-label="{escape(label)}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {name} style="flex:none">{content}</svg>'
