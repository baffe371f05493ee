"""What the end-to-end tests share: the program as a user runs it, and tiny models to run it on."""

import os
import pathlib
import subprocess
import sys

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FATHOM_BUILD", SOURCE / "build"))
FATHOM = BUILD / "fathom"

# Each test reads its texts anew; test_cache.py has folders of its own.
os.environ["FATHOM_CACHE_LIMIT"] = "0"

sys.path.insert(0, str(SOURCE / "tests" / "oracle"))
import tiny_models  # noqa: E402


def command(*arguments):
    return [str(FATHOM), *map(str, arguments)]


def run(*arguments, **options):
    """Runs the program to its end; output as bytes."""
    options = {"stdin": subprocess.DEVNULL, "timeout": 300, **options}
    if "input" in options:
        del options["stdin"]
    return subprocess.run(command(*arguments), capture_output=True, check=False, **options)


def succeed(*arguments, **options):
    """Standard output of a run that must succeed, as text."""
    done = run(*arguments, **options)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def fail(code, *arguments, **options):
    """The one line that a run that must fail leaves on standard error; nothing is on output. A
    line that points at a character of a flag may follow."""
    done = run(*arguments, **options)
    error = done.stderr.decode()
    assert done.returncode == code, (done.returncode, error)
    assert done.stdout == b""
    assert error.startswith("fathom: ") and error.endswith("\n"), error
    assert error.count("\n") == 1 or error.splitlines()[-1].strip() == "^", error
    return error


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """tiny(name, context=4096): the path of that tiny random model."""
    folder = tmp_path_factory.mktemp("tiny")

    def path_of(name, context=4096):
        path = folder / f"{name}-{context}.gguf"
        if not path.exists():
            tiny_models.write(path, tiny_models.TINY_MODELS[name], context=context)
        return path

    return path_of


@pytest.fixture(scope="session")
def document(tmp_path_factory):
    """A text of some 700 characters, in several scripts."""
    path = tmp_path_factory.mktemp("text") / "document.txt"
    path.write_text("The captain said that the whale was there. 鯨は海にいる。 Кит в море. 🐋\n" * 10)
    return path
