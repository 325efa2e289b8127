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


def on_page_content(content: str, **_: Any) -> str:
    """Each formula of the page, `$...$` or `$$...$$`, as MathML."""
    return _FORMULA.sub(
        lambda found: mathml(html.unescape(found[2]), block=found[1] == "div"), content
    )


def mathml(formula: str, *, block: bool) -> str:
    """A formula as MathML: bars close to what is between them, and what an extremum is taken over below it."""
    math = convert_to_element(formula, display="block" if block else "inline")
    for part in math.iter():
        if (
            part.tag == "mo" and part.text in _BARS
        ):  # one sign for both sides: it would be set as a relation
            part.attrib |= {"lspace": "0.06em", "rspace": "0.06em", "stretchy": "false"}
        if block and part.tag == "msub" and part[0].text in _EXTREMES:
            part.tag = "munder"
    # latex2mathml writes characters as references, which are not to be escaped again.
    text = ElementTree.tostring(math, encoding="unicode").replace("&amp;#", "&#")
    return f'<div class="formula">{text}</div>' if block else text
