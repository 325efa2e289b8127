"""What many tests share: a small study, and the command line as a user runs it."""

import json
import subprocess
import sys
import warnings
from dataclasses import dataclass

import hypothesis
import jax
import jaxtyping
import pytest

import typechecks

SMALL = {
    "name": "small",
    "task": {"kind": "line", "x": [-1.0, 0.0, 0.5, 1.0], "y": [0.0, 1.0, 0.2, 0.4]},
    "train": {"width": 12, "steps": 60, "records": 6},
    "grid": {"weight_decay": [0.0, 1e-3], "seed": 2},
    "zip": [{"optimizer": ["gd", "adam"], "learning_rate": [0.05, 0.01]}],
}


# The same examples in every run, so that a change is judged by itself; `make fuzz` is what draws anew.
hypothesis.settings.register_profile("repeated", derandomize=True)
hypothesis.settings.load_profile("repeated")

collect_ignore = ["fuzz"]  # scripts, run by `make fuzz`


@pytest.fixture(scope="session", autouse=True)
def programs_are_compiled_once(tmp_path_factory):
    """Many tests train networks of one shape, by programs that are equal: keep them for this run, outside JAX's memory.

    Not longer, so that nothing depends on what another version or processor compiled.
    """
    jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("programs")))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


@pytest.fixture(autouse=True)
def first_calls_are_checked():
    """The types of each function's first calls in this test."""
    typechecks.begin()


@pytest.fixture
def unchecked():
    """Without type checks at run time, as users call the library."""
    config = jaxtyping.config
    before = config.jaxtyping_disable
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", before)


@pytest.fixture
def own():
    """What is made known in this test is forgotten after it: losses, tasks, pages, optimisers."""
    from minnorm import extensions
    from minnorm.losses import pointwise
    from minnorm.study.specification import pages, tasks
    from minnorm.training import INITIALISATIONS, OPTIMIZERS, SCHEDULES
    from minnorm.verification import losses

    for word in pages.known():
        pages.page(word)  # those of the library are added when they are first asked for
    tables = [extensions._loaded, pointwise._KNOWN, losses._BOUNDS, tasks.TASKS, pages._KNOWN]
    tables += [OPTIMIZERS, SCHEDULES, INITIALISATIONS]
    before = [dict(table) for table in tables]
    yield
    for table, kept in zip(tables, before, strict=True):
        table.clear()
        table.update(kept)


@pytest.fixture(scope="session")
def make_small():
    """A function that makes the content of a small study, as TOML gives it."""
    return lambda: json.loads(json.dumps(SMALL))


@pytest.fixture
def small(make_small):
    """The content of a small study, to change."""
    return make_small()


@pytest.fixture
def interruptible():
    """Start Python code that Ctrl-C interrupts: interruptible(code, *arguments, cwd=None) -> Popen with text in pipes.

    A test run in the background of a shell ignores Ctrl-C, and so does what it starts unless it is told otherwise; to
    tell it between fork and exec would fork while JAX has threads.
    """
    heeds = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"

    def start(code: str, *arguments: str, cwd=None) -> subprocess.Popen:
        command = [sys.executable, "-c", heeds + code, *arguments]
        return subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start


@dataclass(frozen=True)
class Answer:
    """What a command line leaves behind."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def minnorm(tmp_path, monkeypatch, capsys):
    """Run the command line in a directory of its own: minnorm(*arguments) -> Answer."""

    def run(*arguments: str) -> Answer:
        from minnorm import UncertifiedWarning, cli

        capsys.readouterr()
        with monkeypatch.context() as here, warnings.catch_warnings():
            here.chdir(tmp_path)
            here.setattr(sys, "argv", ["minnorm", *arguments])
            here.setattr(warnings, "showwarning", warnings.showwarning)
            warnings.simplefilter("always", UncertifiedWarning)  # printed, as outside of tests
            with pytest.raises(SystemExit) as end:
                cli.main()
        said = capsys.readouterr()
        return Answer(int(end.value.code or 0), said.out, said.err)

    return run
