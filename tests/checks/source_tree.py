"""The source tree as the checks see it: which files there are, and which layers."""

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(os.environ.get("FATHOM_SOURCE", pathlib.Path(__file__).parents[2]))
SOURCES = ROOT / "src" / "fathom"
PLUGIN_FOLDERS = ("patterns", "policies", "archs", "tasks", "chats")


def files(*suffixes):
    """Paths, relative to the root, of every file that is not ignored and ends in one of the suffixes."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = (pathlib.Path(name) for name in listed.split("\0") if name)
    return sorted(path for path in paths
                  if path.name.endswith(suffixes) and (ROOT / path).is_file())


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def layer_dependencies():
    """Layer -> every layer it may use, itself included: the closure of the build's DEPENDS."""
    text = read("src/fathom/CMakeLists.txt")
    allowed = {}
    for call in re.findall(r"^fathom_layer\(([^)]*)\)", text, re.MULTILINE):
        name, *words = call.split()
        depends = []
        if "DEPENDS" in words:
            for word in words[words.index("DEPENDS") + 1:]:
                if word.isupper():
                    break
                depends.append(word)
        allowed[name] = {name}.union(*(allowed[layer] for layer in depends))
    return allowed


def plugins(folder):
    """Names of the plug-ins of a folder such as patterns: the stems of its files."""
    found = [path for path in SOURCES.glob(f"*/{folder}/*.cc") if not path.name.endswith("_test.cc")]
    assert found, f"no {folder} in {SOURCES}"
    return sorted(path.stem for path in found)
