"""Documentation and help name what there is, and what they link to exists."""

import os
import pathlib
import re
import subprocess

import pytest
import source_tree

BUILD = pathlib.Path(os.environ.get("FATHOM_BUILD", source_tree.ROOT / "build"))
DOCUMENTS = source_tree.files(".md")


def fathom(*arguments):
    return subprocess.run([BUILD / "fathom", *arguments], check=True, capture_output=True,
                          text=True).stdout


@pytest.mark.parametrize("folder, document", [
    ("patterns", "docs/patterns.md"),
    ("policies", "docs/policies.md"),
    ("archs", "docs/models.md"),
    ("tasks", "docs/evaluation.md"),
])
def test_every_plugin_is_documented(folder, document):
    text = source_tree.read(document)
    assert [name for name in source_tree.plugins(folder)
            if not re.search(rf"^\| `{name}\b", text, re.MULTILINE)] == []


def test_every_plugin_is_in_the_help():
    run, patterns, tasks = fathom("run", "--help"), fathom("patterns"), fathom("eval", "--help")
    for name in source_tree.plugins("patterns"):
        assert re.search(rf"--attn.*\b{name}\b", run, re.DOTALL), name
        assert re.search(rf"^{name}\b", patterns, re.MULTILINE), name
    for name in source_tree.plugins("tasks"):
        assert re.search(rf"^\s+{name}\b", tasks, re.MULTILINE), name


@pytest.mark.parametrize("kind", ["patterns", "policies"])
def test_the_list_of_plugins_is_current(kind):
    page = source_tree.read(f"docs/{kind}.md")
    assert page.split("<!-- list -->\n", 1)[1] == fathom(kind, "--markdown")


def test_every_chat_family_is_documented():
    families = source_tree.SOURCES.glob("text/chats/*.cc")
    names = [name for path in families
             for name in re.findall(r'const ChatFamily \w+\{"([\w.-]+)"', path.read_text())]
    assert len(names) > 10
    text = source_tree.read("docs/text.md")
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_element_type_is_documented():
    names = re.findall(r'\{DType::\w+, "(\w+)"', source_tree.read("src/fathom/quant/dtype.cc"))
    assert len(names) == 15
    listed = source_tree.read("docs/models.md")
    assert [name for name in names if not re.search(rf"\b{name}\b", listed)] == []


def test_every_flag_of_run_is_documented():
    flags = re.findall(r"^\s+(-\w)?,?(--[\w-]+)?", fathom("run", "--help"), re.MULTILINE)
    text = source_tree.read("docs/run.md")
    for short, long in flags:
        if long in ("", "--help") and short in ("", "-h"):
            continue
        assert any(f"`{flag}`" in text for flag in (short, long) if flag), (short, long)


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_somewhere(document):
    text = re.sub("```.*?```", "", source_tree.read(document), flags=re.DOTALL)  # code has no links
    folder = (source_tree.ROOT / document).parent
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [link for link in links if not (folder / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_files_named_exist(document):
    if document.name == "CONTRIBUTING.md":
        pytest.skip("its worked examples name files to be written")
    named = re.findall(r"`((?:src|apps|tests|cmake|script|docs|bench)/[\w./-]+)`",
                       source_tree.read(document))
    assert [name for name in named if not (source_tree.ROOT / name).exists()] == []


def test_every_script_and_page_is_mentioned():
    index = source_tree.read("README.md") + source_tree.read("CONTRIBUTING.md")
    pages = [path for path in DOCUMENTS if path.parts[0] == "docs" and len(path.parts) == 2]
    scripts = [path for path in source_tree.files("") if path.parts[0] == "script"]
    assert [str(path) for path in pages + scripts if str(path) not in index] == []
