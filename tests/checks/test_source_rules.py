"""House rules that a machine can check."""

import re
import subprocess

import pytest
import source_tree

CODE = (".cc", ".h")
TEXT = CODE + (".py", ".md", ".txt", ".cmake", ".json")
THIS_FILE = "test_source_rules.py"

UNFINISHED = re.compile(
    r"\b(TODO|FIXME|XXX|HACK)\b|\b(stub(bed|s)?|for now|simplified|not (yet )?implemented)\b",
    re.IGNORECASE)
# Packages are named; where they come from is the user's configuration.
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted|npmjs|yarnpkg|crates\.io|proxy\.golang|huggingface\.co|"
    r"(deb|security|snapshot)\.debian\.org|--(extra-)?index-url|--registry")

LINE_LIMIT = 400
# Longer files, each with why it is one file.
LONG_FILES = {}


def is_ours(path):
    """Written here, so that our words are all it holds: not a corpus, nor this list of words."""
    if path.name == THIS_FILE:
        return False
    if path.parts[:2] in (("tests", "golden"), ("tests", "fuzz")):
        return path.suffix in CODE
    return path.suffix in TEXT or path.parts[0] in ("script", ".ci")


def lines_that_match(expression):
    for path in filter(is_ours, source_tree.files("")):
        for number, line in enumerate(source_tree.read(path).splitlines(), 1):
            if expression.search(line):
                yield f"{path}:{number}: {line.strip()}"


def test_nothing_is_left_unfinished():
    assert UNFINISHED.search("// TODO: x") and UNFINISHED.search("a stub")
    assert list(lines_that_match(UNFINISHED)) == []


def test_no_registry_is_named():
    assert REGISTRY.search("pip install --index-url x")
    assert list(lines_that_match(REGISTRY)) == []


def test_files_are_short():
    long = {str(path): count for path in source_tree.files(*CODE, ".py")
            if (count := source_tree.read(path).count("\n")) > LINE_LIMIT}
    assert set(long) == set(LONG_FILES), long


@pytest.mark.parametrize("path", source_tree.files(".h"), ids=str)
def test_header_opens_with_its_purpose(path):
    text = source_tree.read(path)
    assert text.startswith("//")
    assert "\n#pragma once\n" in text


def test_sources_are_formatted():
    check = subprocess.run([source_tree.ROOT / "script" / "format", "--check"],
                           capture_output=True, text=True)
    assert check.returncode == 0, check.stderr


@pytest.mark.parametrize("name", ["bootstrap", "demo", "test", "bench", "format", "lint"])
def test_script_has_help_and_refuses_what_it_does_not_know(name):
    script = source_tree.ROOT / "script" / name
    told = subprocess.run([script, "--help"], capture_output=True, text=True)
    assert told.returncode == 0 and told.stdout.startswith(f"Usage: script/{name}")
    refused = subprocess.run([script, "--no-such-option"], capture_output=True, text=True)
    assert refused.returncode == 2 and f"Usage: script/{name}" in refused.stderr
