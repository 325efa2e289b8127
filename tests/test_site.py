"""What the site makes of the pages before readers see them."""

import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS / "site"))
import access  # noqa: E402
import formulas  # noqa: E402
import reference  # noqa: E402
import titles  # noqa: E402
from blocks import NOT_RUN  # noqa: E402

API = (DOCS / "api.md").read_text()


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.relative_to(DOCS).as_posix())
def test_readers_see_why_a_block_is_theirs_to_run_and_not_that_tests_leave_it_out(page):
    text = page.read_text()
    made = titles.on_page_markdown(text)
    assert NOT_RUN not in made
    reasons = re.findall(rf'title="{NOT_RUN}([^"]*)"', text)
    assert all(f'title="{reason[0].upper()}{reason[1:]}"' in made for reason in reasons)


def test_every_section_of_the_reference_has_a_page_of_its_own_with_all_its_names_in_a_table():
    found = reference.sections(API)
    assert len({reference.place(title) for title in found}) == len(found) >= 10
    names = re.findall(r"^::: ([\w.]+)$", API, re.MULTILINE)
    rows = [row for text in found.values() for row in reference._first_table(text).splitlines()[2:]]
    assert [re.search(r"\]\[([\w.]+)\] \|", row)[1] for row in rows] == names
    assert sum(row.endswith("|  |") for row in rows) <= 6  # constants say what they are below
    assert reference.summary("minnorm.fit").startswith("The global minimiser of weight-decay training")
    with pytest.raises(AttributeError):
        reference.summary("minnorm.known.nothing")


def test_formulas_have_a_font_and_its_licence_beside_it():
    css = (DOCS / "site" / "minnorm.css").read_text()
    (name,) = re.findall(r'url\("([^"]*)"\)', css)
    assert (DOCS / "site" / name).read_bytes().startswith(b"wOF2")
    assert "SIL Open Font License" in (DOCS / "site" / "fonts" / "OFL.txt").read_text()


def test_names_of_functions_keep_their_distance_and_primes_are_raised_once():
    thin = 'lspace="0.17em" rspace="0.17em">log<'
    assert thin in formulas.mathml(r"t \log t", block=False)
    assert 'lspace="0" rspace="0">log<' in formulas.mathml(r"\log (1 - t)", block=False)
    for tex in (r"f''(t)", r"\nu'"):
        assert "msup" not in formulas.mathml(tex, block=False)
    assert "<mo>&#x02217;</mo></msup>" in formulas.mathml(r"f^*", block=False)
    made = formulas.mathml(r"\sigma'_{k}", block=False)
    assert "<msub><mrow><mi>&#x003C3;</mi><mi>&#x02032;</mi></mrow><mrow><mi>k</mi></mrow></msub>" in made


@pytest.mark.parametrize(
    ("tex", "sign"), [(r"y = -1", True), (r"(-1)^d", True), (r"|x| - 1", False), (r"f'(x) - y", False)]
)
def test_a_minus_is_a_sign_where_nothing_is_before_it(tex, sign):
    made = formulas.mathml(tex, block=False)
    assert ('<mo lspace="0" rspace="0">&#x02212;</mo>' in made) == sign
    assert "&#x02212;" in made


def test_the_search_has_a_name_and_the_corner_of_a_table_is_no_heading():
    page = '<div class="md-search" data-md-component="search" role="dialog"></div><tr><th></th><th>get</th></tr>'
    made = access.on_post_page(page)
    assert 'role="dialog" aria-label="Search"' in made
    assert "<td></td><th>get</th>" in made
