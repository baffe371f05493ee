"""Functions compiled for one instruction set must not be merged with another's.

The linker keeps one copy of a weak function (an inline function, a template instance) that several
objects define. Were that the copy of an AVX-512 object, a portable caller would run AVX-512 code on
a machine that has none. So an object compiled for an instruction set may define no weak function
that another object defines too.
"""

import collections
import os
import pathlib
import re
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("FATHOM_BUILD", pathlib.Path(__file__).parents[2] / "build"))
ISA_OBJECT = re.compile(r"_(avx2|avx512|avx512bf16)\.cc\.o$")


def symbols(objects):
    """(object, type, name) of every defined symbol."""
    listed = subprocess.run(["nm", "--defined-only", "--print-file-name", *map(str, objects)],
                            check=True, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        place, kind, name = line.rsplit(maxsplit=2)
        yield place.split(":")[0], kind, name


def shared_weak_functions(objects):
    objects_of = collections.defaultdict(set)
    weak_in_isa = set()
    for path, kind, name in symbols(objects):
        if kind in "WT":
            objects_of[name].add(path)
        if kind == "W" and ISA_OBJECT.search(path):
            weak_in_isa.add(name)
    return {name: sorted(objects_of[name]) for name in weak_in_isa if len(objects_of[name]) > 1}


def test_isa_objects_share_no_weak_function():
    cache = (BUILD / "CMakeCache.txt").read_text()
    if "CMAKE_BUILD_TYPE:STRING=Release" not in cache:
        pytest.skip("only optimised builds are shipped; others keep every inline function")
    objects = sorted((BUILD / "src").rglob("*.o"))
    assert any(ISA_OBJECT.search(str(path)) for path in objects), "no per-ISA objects: build first"
    assert shared_weak_functions(objects) == {}


def test_a_shared_weak_function_is_caught(tmp_path):
    source = "inline int twice(int x) { return 2 * x; }\nint (*POINTER)(int) = twice;\n"
    objects = []
    for stem in ("sample", "sample_avx2"):
        path = tmp_path / f"{stem}.cc"
        path.write_text(source.replace("POINTER", stem))
        objects.append(tmp_path / f"{stem}.cc.o")
        subprocess.run(["g++", "-O2", "-c", str(path), "-o", str(objects[-1])], check=True)
    assert list(shared_weak_functions(objects)) == ["_Z5twicei"]
