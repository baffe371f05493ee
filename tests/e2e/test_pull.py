"""fathom pull against a python3 that fails: what the user is told, and what is left behind.
How pulls succeed, resume and are checked is in model_store_test.cc and test_pull_model.py."""

import os

import pytest
from conftest import run


@pytest.fixture
def pull(tmp_path):
    """pull(script): the failing pull's last line, with this shell script as python3."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def attempt(script, path=f"{folder}:{os.environ['PATH']}"):
        if script:
            (folder / "python3").write_text("#!/bin/sh\n" + script)
            (folder / "python3").chmod(0o755)
        env = {"PATH": path, "FATHOM_HOME": str(tmp_path / "home")}
        return fail_last(env)

    def fail_last(env):
        done = run("pull", "smollm2-135m", env=env)
        assert done.returncode == 1 and done.stdout == b""
        left = [p for p in (tmp_path / "home").rglob("*") if p.is_file() and p.name != "lock"]
        assert left == []
        last = done.stderr.decode().splitlines()[-1]
        assert last.startswith("fathom: ")
        return last

    return attempt


def test_pip_that_fails_is_quoted(pull):
    assert "ERROR: no route" in pull("echo 'ERROR: no route' >&2; exit 1")


def test_pip_that_is_missing(pull):
    assert "python3-pip" in pull("echo 'python3: No module named pip' >&2; exit 1")


def test_python_that_is_missing(pull):
    assert "python3" in pull(None, path="/nonexistent")


def test_pip_that_is_killed(pull):
    assert "signal 9" in pull("kill -9 $$")


def test_pip_that_delivers_nothing(pull):
    assert "no wheel" in pull("exit 0")


def test_pip_that_delivers_something_else(pull):
    script = """while [ $# -gt 1 ]; do [ $1 = --dest ] && dest=$2; shift; done
    mkdir $dest; echo not a wheel > $dest/x.whl"""
    assert "not a whole wheel" in pull(script)


def test_home_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    env = {"PATH": os.environ["PATH"], "FATHOM_HOME": str(tmp_path / "file" / "home")}
    done = run("pull", "smollm2-135m", env=env)
    assert done.returncode == 1 and b"cannot create" in done.stderr
