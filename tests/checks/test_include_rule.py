"""Each layer includes only what stands to its left; nothing includes a plug-in folder."""

import itertools
import pathlib
import re

import source_tree

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
ALLOWED = source_tree.layer_dependencies()


def layer_of(path):
    """The layer that a file of src/fathom belongs to; None for apps and tests, which may use all."""
    parts = path.parts
    return parts[2] if parts[:2] == ("src", "fathom") and len(parts) > 3 else None


def violations(path, text):
    layer = layer_of(path)
    found = []
    for bracket, name in INCLUDE.findall(text):
        parts = pathlib.PurePosixPath(name).parts
        if bracket == "<":
            if parts[0] == "fathom":
                found.append(f"{path}: {name} is ours and goes in quotes")
            continue
        if layer is None and parts[0] != "fathom":
            if ".." in parts:
                found.append(f"{path}: {name} is named by its way up")
            continue  # a program's own header, beside it
        if parts[0] != "fathom" or len(parts) < 3:
            found.append(f"{path}: {name} is not named from src/, as \"fathom/LAYER/FILE.h\"")
        elif any(folder in parts for folder in source_tree.PLUGIN_FOLDERS):
            found.append(f"{path}: includes the plug-in {name}; use the folder's table")
        elif layer is not None and parts[1] not in ALLOWED[layer]:
            found.append(f"{path}: layer {layer} may not include {name}")
    return found


def test_sources_keep_the_rule():
    paths = source_tree.files(".cc", ".h")
    assert len(paths) > 20
    assert [line for path in paths for line in violations(path, source_tree.read(path))] == []


def test_every_folder_is_a_layer():
    folders = {path.name for path in source_tree.SOURCES.iterdir() if path.is_dir()}
    assert folders == set(ALLOWED)


def test_violations_are_caught():
    def caught(path, line):
        return violations(pathlib.PurePosixPath(path), line + "\n") != []

    assert caught("src/fathom/kernels/attend.cc", '#include "fathom/attention/pattern.h"')
    assert caught("src/fathom/kernels/attend.cc", '#  include "fathom/kv/cache.h"')
    assert caught("src/fathom/attention/planner.cc", '#include "fathom/kv/cache.h"')
    assert caught("src/fathom/kv/cache.cc", '#include "fathom/attention/pattern.h"')
    assert caught("src/fathom/engine/engine.cc", '#include "fathom/attention/patterns/window.h"')
    assert caught("apps/fathom/run.cc", '#include "fathom/model/archs/llama.h"')
    assert caught("src/fathom/kernels/attend.cc", '#include "block_plan.h"')
    assert caught("src/fathom/kernels/attend.cc", '#include "../base/result.h"')
    assert caught("src/fathom/kernels/attend.cc", '#include <fathom/base/result.h>')
    assert not caught("src/fathom/kernels/attend.cc", '#include "fathom/base/result.h"')
    assert not caught("apps/fathom/run.cc", '#include "fathom/engine/engine.h"')


def test_build_has_the_order_that_the_documentation_draws():
    """ARCHITECTURE.md's `a → b → {c, d} → e`: each stage uses only stages before it."""
    drawn = re.search(r"^`(base → .*)`", source_tree.read("ARCHITECTURE.md"), re.MULTILINE).group(1)
    stages = [re.findall(r"\w+", stage) for stage in drawn.split("→")]
    assert stages[-1] == ["apps"]
    stages = stages[:-1]
    assert sorted(itertools.chain(*stages)) == sorted(ALLOWED)
    before = set()
    for stage in stages:
        for layer in stage:
            assert {layer} <= ALLOWED[layer] <= before | {layer}, layer
        before.update(stage)
