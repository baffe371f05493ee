"""Every block type, on every instruction set here, against PyPI gguf's dequantize, bit for bit."""

import os
import subprocess

import gguf
import numpy as np
import pytest
from gguf.quants import dequantize

TOOL = os.path.join(os.environ.get("FATHOM_BUILD", "build"), "tool_decode")
BLOCKS = 300

# Where each type's blocks hold f16 numbers, which random bytes would often make infinite or NaN.
HALVES = {
    "F32": [], "F16": [0], "BF16": [], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2],
    "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
    "IQ4_NL": [0], "IQ4_XS": [0],
}  # fmt: skip


def instruction_sets():
    """Those the tool accepts on this machine."""
    names = ["portable", "avx2", "avx2vnni", "avx512", "avx512bf16", "neon"]
    return [n for n in names if subprocess.run([TOOL, "F32", n, "0"], input=b"").returncode == 0]


def random_blocks(name, seed):
    """Random bytes, finite f16 fields of every exponent and both signs; zero and subnormals too."""
    size, width = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (BLOCKS, width), dtype=np.uint8)
    for at in HALVES[name]:
        halves = rng.integers(0, 1 << 16, BLOCKS, dtype=np.uint16)
        halves[(halves & 0x7C00) == 0x7C00] ^= 0x0400
        blocks[:, at : at + 2] = halves.view(np.uint8).reshape(-1, 2)
    blocks[0] = 0
    blocks[1] = 255
    for at in HALVES[name]:
        blocks[1, at : at + 2] = [0xFF, 0xFB]  # -65504, the largest
    return blocks, BLOCKS * size


def test_every_known_type_is_listed_here():
    with open(os.path.join(os.environ["FATHOM_SOURCE"], "src/fathom/quant/dtype.cc")) as file:
        source = file.read()
    assert source.count("{DType::") == len(HALVES)
    for name in HALVES:
        assert f'"{name}"' in source


@pytest.mark.parametrize("name", HALVES)
def test_decodes_as_gguf_does(name):
    blocks, count = random_blocks(name, seed=len(name) + 7)
    with np.errstate(all="ignore"):
        expected = dequantize(blocks, gguf.GGMLQuantizationType[name]).ravel()
    for isa in instruction_sets():
        run = subprocess.run([TOOL, name, isa, str(count)], input=blocks.tobytes(), capture_output=True, check=True)
        got = np.frombuffer(run.stdout, np.float32)
        same = got.view(np.uint32) == expected.astype(np.float32).view(np.uint32)
        same |= np.isnan(got) & np.isnan(expected)  # random F32 and BF16 patterns
        assert same.all(), f"{name} on {isa}: {np.count_nonzero(~same)} of {count} differ, first at {np.argmin(same)}"


@pytest.mark.parametrize("name", ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "BF16", "F16"])
def test_reads_what_gguf_quantised(name):
    """Real quantised numbers come back within the step of their type."""
    kind = gguf.GGMLQuantizationType[name]
    values = np.random.default_rng(3).normal(size=(8, 256)).astype(np.float32)
    packed = gguf.quants.quantize(values, kind)
    run = subprocess.run(
        [TOOL, name, "auto", str(values.size)], input=packed.tobytes(), capture_output=True, check=True
    )
    got = np.frombuffer(run.stdout, np.float32).reshape(values.shape)
    bits = {"Q4": 4, "Q5": 5, "Q8": 8, "BF": 8, "F1": 11}[name[:2]]
    step = 2 * np.abs(values).max() / 2**bits
    assert np.abs(got - values).max() <= 1.1 * step
