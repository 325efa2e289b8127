"""The views Bump and Regions of the static page: what their tables say is what the library says."""

import base64
import json
from importlib import resources

import numpy as np
import pytest

import minnorm as mn


def table(name: str) -> dict:
    return json.loads(resources.files("minnorm.explore.static").joinpath(f"{name}.json").read_text("utf-8"))


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<i2").astype(float)


@pytest.mark.parametrize(("dim", "plateau"), [(1, 0.0), (5, 0.1), (6, 0.0)])
def test_bumps_are_those_of_the_library(dim, plateau):
    whole = table("bumps")
    found = whole["bumps"][whole["plateaus"].index(plateau)][whole["dimensions"].index(dim)]
    bump = mn.known.radial_bump(dim, plateau)
    assert found["norm"] == pytest.approx(bump.norm, rel=1e-14)
    assert found["low"] <= bump.norm_bounds[1]
    assert bump.norm_bounds[0] <= found["high"]
    profile = 2 * unpacked(found["profile"]) / whole["unit"]
    np.testing.assert_allclose(profile, bump.profile(np.linspace(plateau, 1, profile.size)), atol=1e-4)
    atoms = bump.certificate.atoms
    np.testing.assert_allclose(2 * unpacked(found["atoms"]) / whole["unit"], atoms[atoms >= 0], atol=1e-4)


def test_norms_have_their_laws():
    """Growing in dimension and plateau, linear without one; proven bounds around them, a rounding error wide."""
    whole = table("bumps")
    assert whole["dimensions"] == list(range(1, 65))
    norms = np.array([[bump["norm"] for bump in row] for row in whole["bumps"]])
    assert np.all(np.diff(norms, axis=1) > 0)
    assert np.all(np.diff(norms, axis=0) > 0)
    np.testing.assert_allclose(norms[0, -1] / 64, 7.1385, rtol=0.02)
    for row in whole["bumps"]:
        assert all(bump["low"] <= bump["norm"] <= bump["high"] <= bump["low"] * (1 + 1e-9) for bump in row)


def test_networks_between_regions_keep_to_them():
    whole = table("regions")
    rng = np.random.default_rng(0)
    for drawing in whole["drawings"]:
        lows = [one["low"] for one in drawing["solutions"]]
        assert lows == sorted(lows, reverse=True)
        for one in drawing["solutions"]:
            assert one["low"] <= one["high"] <= 1.03 * one["low"]
            assert one["error"] <= one["within"]
            scales = np.array(one["scales"])
            turn, shift, mass = (unpacked(one["neurons"]).reshape(-1, 3) / whole["unit"] * scales).T
            assert np.sum(np.abs(mass)) == pytest.approx(one["high"], rel=2e-3)
            direction = np.stack([np.cos(np.pi * turn), np.sin(np.pi * turn)])
            for part in drawing["parts"]:
                if part["kind"] == "polygon":
                    x = np.array(part["corners"])
                else:
                    angle = rng.uniform(0, 2 * np.pi, 50)
                    radius = part["radius"] if part["kind"] == "disc" else part["inner"]
                    x = np.array(part["center"]) + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
                f = np.maximum(x @ direction + shift, 0) @ mass + one["offset"]
                assert np.max(np.abs(f - part["label"])) <= one["within"] + 3e-3


@pytest.mark.browser
def test_the_views_say_what_the_tables_say(open_static):
    page = open_static("#bump?dim=6")
    assert page.locator(".readout dd").first.inner_text() == "37.4633356831"
    page.get_by_label("Dimension d").fill("30")
    assert "dim=31" in page.evaluate("location.href")
    assert page.locator(".readout dd").first.inner_text() == "214.305149707"
    page.get_by_role("link", name="Regions").click()
    page.get_by_label("Drawing").select_option("1")
    page.get_by_label("Within, the allowed error").fill("2")
    assert "within=0.2" in page.evaluate("location.href")
    assert page.locator(".readout dd").all_inner_texts()[1] == "4.73719"
    colours = "new Set(document.querySelector('canvas').getContext('2d').getImageData(0, 0, 220, 220).data).size"
    assert page.evaluate(colours) > 50
    page.goto(f"{page.evaluate('location.href').split('#')[0]}#bump?dim=99&plateau=0.15")
    assert "dim=99" in page.locator("#message").inner_text()
