"""The lecture of the static page, from the first step to the last, without a server; and what it says is so."""

import re

import pytest

import minnorm as mn

pytestmark = pytest.mark.browser


def numbers(page) -> list[str]:
    return page.locator(".readout dd").all_inner_texts()


def step(page) -> int:
    return int(page.locator(".card").get_attribute("aria-label").split()[1])


def test_the_lecture_from_the_first_step_to_the_last(open_static):
    page = open_static("#line?present=yes")
    page.get_by_role("button", name="Story").click()
    steps = page.evaluate("minnorm.STEPS")
    assert len(steps) == 8
    for number, said in enumerate(steps, 1):
        page.wait_for_function(f"document.querySelector('.card')?.ariaLabel === 'Step {number} of 8'")
        assert f"step={number}" in page.evaluate("location.href")
        assert "present=yes" in page.evaluate("location.href")
        assert page.get_by_text(said["question"]).is_visible()
        assert page.locator(".reveal").text_content() == ""
        page.get_by_label(said["options"][0], exact=True).check()
        page.get_by_role("button", name="Reveal").click()
        assert page.locator(".reveal").inner_text() == said["reveal"]
        assert page.locator("label.right").inner_text().startswith(said["options"][said["answer"]])
        if number == 2:
            page.wait_for_function("document.querySelector('.readout dd').innerText === '2'")
        page.get_by_role("button", name="Next" if number < 8 else "End").click()
    page.wait_for_function("document.querySelector('.card') === null")
    assert "step" not in page.evaluate("location.href")
    page.go_back()
    page.wait_for_function("document.querySelector('.card') !== null")


def test_nothing_gives_an_answer_away_before_it_is_revealed(open_static):
    page = open_static("#line?x=0~1~2~3&y=0~0~1~3&step=3")
    hidden = page.locator(".readout dd").first, page.locator(".area.band").first, page.locator(".line.other").first
    for part in hidden:
        assert part.evaluate("(part) => getComputedStyle(part).visibility") == "hidden"
    page.get_by_label("one", exact=True).check()
    page.get_by_role("button", name="Reveal").click()
    for part in hidden:
        assert part.evaluate("(part) => getComputedStyle(part).visibility") == "visible"
    assert page.locator("label", has_text="one").inner_text().split() == ["one", "✗"]
    page.get_by_role("button", name="Back").click()  # asked without anything hidden
    page.wait_for_function("document.querySelector('.readout dd').innerText === '3'")
    for number in (7, 8):
        page = open_static(f"{page.evaluate(f'minnorm.STEPS[{number - 1}].at')}&step={number}")
        assert page.locator(".pair > figure").last.evaluate("(part) => getComputedStyle(part).visibility") == "hidden"
        page.get_by_role("button", name="Leave").click()
        page.wait_for_function("document.querySelector('.card') === null")
        assert page.locator(".pair > figure").last.is_visible()


def test_a_link_leads_to_a_step(open_static):
    page = open_static("#bump?dim=31&step=7")
    assert step(page) == 7
    page.get_by_role("button", name="Back").click()
    page.wait_for_function("document.querySelector('.card').ariaLabel === 'Step 6 of 8'")
    assert "#race?steps=10000&step=6" in page.evaluate("location.href")


def test_what_the_lecture_says_is_what_the_library_says(open_static):
    steps = open_static().evaluate("minnorm.STEPS")

    def least(number: int, when: str = "at") -> mn.Solution:
        x, y = (
            [float(part) for part in re.search(rf"\b{axis}=([^&]*)", steps[number - 1][when])[1].split("~")]
            for axis in "xy"
        )
        lam = re.search(r"lam=([\d.]+)", steps[number - 1][when])
        return mn.fit(x, y, float(lam[1])) if lam else mn.known.line(x, y)

    assert least(1).value == 2
    assert least(2).value == 3
    assert least(2, "after").value == 2
    assert not mn.known.line_solutions([0, 1, 2, 3], [0, 0, 1, 3]).unique
    assert mn.known.line_solutions([0, 1, 2, 3], [0, 0, 1, 3]).knots.size == 1
    assert least(5).network.width > 0
    assert least(5, "after").network.width == 0
    assert mn.lam_max([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]) == pytest.approx(1 / 9)
    assert mn.known.radial_bump(31).norm == pytest.approx(214, abs=0.5)
    assert mn.known.radial_bump(31, 0.1, digits=30).norm == pytest.approx(7006, abs=0.5)


@pytest.mark.slow
def test_no_optimiser_of_the_lecture_comes_near_the_floor(open_static):
    page = open_static("#race?steps=10000")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('output').textContent === '10,000'")
    assert all(float(re.sub(r"[^\d.]", "", text)) > 10 for text in numbers(page)[1:])
