"""GGUF files that PyPI gguf writes: Fathom reads in them what gguf reads, whole, split or cut."""

import json
import os
import subprocess

import gguf
import numpy as np
import pytest

TOOL = os.path.join(os.environ.get("FATHOM_BUILD", "build"), "tool_gguf")

VALUES = {
    "a.uint8": ("add_uint8", 255), "a.int8": ("add_int8", -128),
    "a.uint16": ("add_uint16", 65535), "a.int16": ("add_int16", -32768),
    "a.uint32": ("add_uint32", 2**32 - 1), "a.int32": ("add_int32", -(2**31)),
    "a.uint64": ("add_uint64", 2**64 - 1), "a.int64": ("add_int64", -(2**63)),
    "a.float32": ("add_float32", 0.15625), "a.float64": ("add_float64", 1e-300),
    "a.true": ("add_bool", True), "a.false": ("add_bool", False),
    "a.text": ("add_string", "naïve \n 漢字 🙂"), "a.empty": ("add_string", " "),
    "b.ints": ("add_array", [1, -2, 3]), "b.floats": ("add_array", [0.5, -1.25]),
    "b.bools": ("add_array", [True, False, True]), "b.texts": ("add_array", ["", "zwei", "三"]),
}  # fmt: skip


def write(path, tensors=(), values=VALUES, version=3):
    writer = gguf.GGUFWriter(path, "llama")
    for key, (method, value) in values.items():
        getattr(writer, method)(key, value)
    for name, array, kind in tensors:
        writer.add_tensor(name, array, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with open(path, "r+b") as file:
        file.seek(4)
        file.write(version.to_bytes(4, "little"))


def fathom(path):
    run = subprocess.run([TOOL, path], capture_output=True, text=True)
    assert run.returncode in (0, 1), run.stderr
    return json.loads(run.stdout) if run.returncode == 0 else run.stderr


def by_gguf(path):
    reader = gguf.GGUFReader(path)
    metadata = {k: f.contents() for k, f in reader.fields.items() if not k.startswith("GGUF.")}
    tensors = [
        {
            "name": t.name,
            "type": t.tensor_type.name,
            "shape": [int(n) for n in t.shape],
            "sum": int(np.asarray(t.data).view(np.uint8).astype(np.int64).sum()),
        }
        for t in reader.tensors
    ]
    return {"metadata": metadata, "tensors": tensors}


def some_tensors():
    rng = np.random.default_rng(1)
    kinds = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
    for i, name in enumerate([*kinds, "IQ4_NL", "IQ4_XS"]):
        kind = gguf.GGMLQuantizationType[name]
        block, width = gguf.GGML_QUANT_SIZES[kind]
        columns = (3 if block == 1 else 2) * width
        shape = [(columns,), (5, columns), (2, 3, columns), (2, 1, 3, columns)][i % 4]
        yield f"blk.{i}.{name}", rng.integers(0, 256, shape, dtype=np.uint8), kind


@pytest.mark.parametrize("version", [2, 3])
def test_reads_what_gguf_reads(tmp_path, version):
    path = str(tmp_path / "all.gguf")
    write(path, some_tensors(), version=version)
    assert fathom(path) == by_gguf(path)


def test_split_parts_are_one_model(tmp_path):
    tensors = list(some_tensors())
    parts = [tensors[:4], tensors[4:5], tensors[5:]]
    paths = [str(tmp_path / f"m-{i + 1:05}-of-00003.gguf") for i in range(3)]
    for i, path in enumerate(paths):
        split = {
            "split.no": ("add_uint16", i),
            "split.count": ("add_uint16", 3),
            "split.tensors.count": ("add_int32", len(tensors)),
        }
        write(path, parts[i], (VALUES if i == 0 else {}) | split)
    expected = {
        "metadata": by_gguf(paths[0])["metadata"],
        "tensors": [t for path in paths for t in by_gguf(path)["tensors"]],
    }
    for path in paths:
        assert fathom(path) == expected
    os.remove(paths[1])
    assert paths[1] in fathom(paths[2])


def test_cut_and_flipped_files_are_errors_or_readable(tmp_path):
    """Whatever happens to a file on its way, the tool ends in order, with one line that names it."""
    whole, path = tmp_path / "whole.gguf", str(tmp_path / "hurt.gguf")
    write(str(whole), list(some_tensors())[:3])
    content = whole.read_bytes()
    rng = np.random.default_rng(2)
    for trial in range(100):
        hurt = bytearray(content)
        if trial % 2:
            del hurt[rng.integers(len(hurt) - 32) :]  # the last bytes may be padding
        else:
            hurt[rng.integers(len(hurt))] ^= 1 << rng.integers(8)
        with open(path, "wb") as file:
            file.write(hurt)
        run = subprocess.run([TOOL, path], capture_output=True)
        assert run.returncode in (0, 1), (trial, run.stderr)
        if run.returncode == 1:
            assert run.stderr.startswith(path.encode()) and run.stderr.count(b"\n") == 1, run.stderr
        if trial % 2:
            assert run.returncode == 1
