"""Formulas: TeX in pages becomes MathML when the site is built, which browsers draw without scripts or a network."""

import html
import re
from typing import Any
from xml.etree import ElementTree

from latex2mathml.converter import convert_to_element

_FORMULA = re.compile(
    r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL
)
_BARS = {"|", "‖", "&#x0007C;", "&#x02016;"}
_EXTREMES = {"min", "max", "sup", "inf"}
_FUNCTIONS = {"log", "exp", "sin", "cos", "tan", "arctan", "cosh"}
_PRIMES = {"&#x02032;", "&#x02033;", "′", "″"}
_CLOSES = {"&#x00029;", "]", "&#x0005D;", "}", "&#x0007D;", *_BARS, *_PRIMES}
_MINUS, _INFINITY = "&#x02212;", "&#x0221E;"
_STARS = {"*", "&#x0002A;"}
_THIN = "0.17em"


def on_page_content(content: str, **_: Any) -> str:
    """Each formula of the page, `$...$` or `$$...$$`, as MathML."""
    return _FORMULA.sub(
        lambda found: mathml(html.unescape(found[2]), block=found[1] == "div"), content
    )


def mathml(formula: str, *, block: bool) -> str:
    """A formula as MathML: bars close to what is between them, and what an extremum is taken over below it.

    Names of functions keep their distance from arguments without brackets, and primes, which fonts raise already, are
    not raised and made small again.
    """
    math = convert_to_element(formula, display="block" if block else "inline")
    for part in math.iter():
        if (
            part.tag == "mo" and part.text in _BARS
        ):  # one sign for both sides: it would be set as a relation
            part.attrib |= {"lspace": "0.06em", "rspace": "0.06em", "stretchy": "false"}
        if block and part.tag == "msub" and part[0].text in _EXTREMES:
            part.tag = "munder"
        if part.tag in ("msup", "msubsup") and part[-1].text in _STARS:
            part[-1].text = "&#x02217;"  # on the axis: the other is raised already
        if part.tag == "msup" and part[1].text in _PRIMES:
            part.tag = "mrow"
        if part.tag == "msubsup" and part[2].text in _PRIMES:
            base, index, prime = part
            primed = ElementTree.Element("mrow")
            primed.extend([base, prime])
            part.tag, part[:] = "msub", [primed, index]
        for place, name in enumerate(part):
            before = part[place - 1] if place else None
            if name.text == _INFINITY:
                name.tag = "mi"
            if name.text == _MINUS and (before is None or _opens(before)):
                name.attrib |= {"lspace": "0", "rspace": "0"}
            if name.tag == "mi" and name.text in _FUNCTIONS:
                name.tag = "mo"
                near = part[max(place - 1, 0) : place], part[place + 1 : place + 2]
                spaces = (_THIN if _operand(side) else "0" for side in near)
                name.attrib |= dict(zip(("lspace", "rspace"), spaces, strict=True))
    # latex2mathml writes characters as references, which are not to be escaped again.
    text = ElementTree.tostring(math, encoding="unicode").replace("&amp;#", "&#")
    return f'<div class="formula">{text}</div>' if block else text


def _opens(part: ElementTree.Element) -> bool:
    """Whether what follows is the first of a term: a minus there is a sign of the number."""
    if part.tag == "mtext":
        return not (part.text or "").replace("&#x000A0;", "").strip()
    return part.tag == "mspace" or (part.tag == "mo" and part.text not in _CLOSES)


def _operand(side: list[ElementTree.Element]) -> bool:
    """Whether the part beside a function's name is no sign, and no bracket that opens."""
    return any(
        part.text in _CLOSES
        if part.tag == "mo"
        else not len(part) or part[0].tag != "mo"
        for part in side
    )
