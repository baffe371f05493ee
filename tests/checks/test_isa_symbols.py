"""Functions compiled for one instruction set must not be merged with another's.

The linker keeps one copy of a weak function (an inline function, a template instance) that several
objects define. Were that the copy of an AVX-512 object, a portable caller would run AVX-512 code on
a machine that has none. So an object compiled for an instruction set may define no weak function
that another object defines too.

Nor may an object for AVX2 hold an instruction of AVX-512, whose assembler prefers the longer
encoding (EVEX) of an instruction that has two.
"""

import collections
import os
import pathlib
import platform
import re
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("FATHOM_BUILD", pathlib.Path(__file__).parents[2] / "build"))
ISA_OBJECT = re.compile(r"_(avx2|avx2vnni|avx512|avx512bf16)\.cc\.o$")
AVX2_OBJECT = re.compile(r"_avx2(vnni)?\.cc\.o$")
# In objdump's listing: the byte 62 begins every EVEX instruction and, in 64 bits, no other. A
# prefix of segment or address size may precede it.
EVEX = re.compile(r"^ *[0-9a-f]+:\t((26|2e|36|3e|64|65|67) )*62 .*", re.MULTILINE)

on_x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="of x86's encodings")


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


def evex_instructions(path):
    listing = subprocess.run(["objdump", "--disassemble", "--wide", str(path)], check=True,
                             capture_output=True, text=True).stdout
    return [line.group().strip() for line in EVEX.finditer(listing)]


@on_x86
def test_avx2_objects_hold_no_avx512_instruction():
    objects = [path for path in (BUILD / "src").rglob("*.o") if AVX2_OBJECT.search(str(path))]
    assert any("avx2vnni" in path.name for path in objects), "no such objects: build first"
    assert {path.name: found for path in objects if (found := evex_instructions(path))} == {}


@on_x86
@pytest.mark.parametrize("instruction, caught", [
    ("{vex} vpdpbusd %ymm2, %ymm1, %ymm0", False),
    ("{evex} vpdpbusd %ymm2, %ymm1, %ymm0", True),
    ("vpdpbusd %fs:(%eax), %ymm1, %ymm31", True),
    ("vaddps %zmm2, %zmm1, %zmm0", True),
    ("movabs $0x6262626262626262, %rax", False),
])  # fmt: skip
def test_an_avx512_instruction_is_caught(tmp_path, instruction, caught):
    subprocess.run(["as", "-o", str(tmp_path / "sample.o")], input=instruction + "\n", check=True,
                   text=True)
    assert bool(evex_instructions(tmp_path / "sample.o")) == caught
