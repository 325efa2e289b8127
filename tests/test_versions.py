import minnorm as mn
from minnorm.training.native.calls import INSTRUCTION_SETS
from minnorm.versions import versions


def test_what_runs_here_is_said(capsys):
    assert mn.show_versions() is None
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line.split()[0] != "jax")
    assert lines["minnorm"] == mn.__version__ == versions()["minnorm"]
    assert lines["kernel"].split()[0] in INSTRUCTION_SETS
    assert "openblas" in lines["BLAS"] or "threads" in lines["BLAS"]
    assert versions()["jax runs on"]


def test_extras_may_be_missing(monkeypatch):
    monkeypatch.setattr("minnorm.versions._EXTRAS", ("no-such-package-anywhere",))
    assert versions()["no-such-package-anywhere"] == "not installed"
