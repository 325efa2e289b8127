"""The view Atlas of a page that was opened without a study."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_page_says_how_to_make_a_study(open_page, violations):
    page = open_page("atlas")
    page.get_by_role("heading", name="there is none here").wait_for()
    commands = page.locator("main pre").inner_text()
    assert "minnorm study run bias.toml --out first-atlas" in commands
    assert "minnorm explore first-atlas" in commands
    assert violations(page) == []
    page.get_by_role("button", name="Download PNG").click()
    page.get_by_role("alert").filter(has_text="no study is shown; give its directory").wait_for()
