"""What the tests of kept prefills share: a home of their own, a text, and runs on it."""

import json
import os

import pytest
from conftest import fail, run, succeed

WORDS = "the whale and the ship what sea 鯨は海にいる。 Кит в море. captain said that there was "
CHUNK = 512


class Home:
    """A home of its own, and runs in it."""

    def __init__(self, path):
        self.path = path
        self.env = {name: value for name, value in os.environ.items()
                    if name != "FATHOM_CACHE_LIMIT"} | {"FATHOM_HOME": str(path)}

    def run(self, *arguments, **options):
        return run(*arguments, env=self.env, **options)

    def figures(self, *arguments, count=8):
        """What a run prints as JSON, and what it says on standard error."""
        done = self.run("run", "--json", "-n", str(count), *arguments)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout), done.stderr.decode()

    def cache(self, *arguments):
        return json.loads(succeed("cache", *arguments, "--json", env=self.env))

    def fail(self, code, *arguments):
        return fail(code, *arguments, env=self.env)

    def parts(self):
        return sorted((path for path in (self.path / "prefixes").glob("*-*.*.*")
                       if path.suffix != ".unfinished"),
                      key=lambda path: int(path.name.split("-")[0]))


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A text of some thousands of tokens in any tiny model."""
    path = tmp_path_factory.mktemp("book") / "book.txt"
    path.write_text("".join(f"{i} {WORDS}" for i in range(60)))
    return path


def notes(said):
    return [line for line in said.splitlines() if line.startswith("note ")]
