"""Damaged GGUF files by the hundred: a clear error or a working model, never a crash."""

import random
import struct

import pytest
from conftest import run


def check(path, what):
    """No crash, no hang, no sanitizer report; and if it is refused, in one clear line."""
    for arguments in (["info", "-m", path], ["run", "-m", path, "-p", "Hello", "-n", "2", "-q"]):
        done = run(*arguments, timeout=60)
        error = done.stderr.decode()
        assert done.returncode in (0, 1, 2), (what, arguments, done.returncode, error[-2000:])
        assert "Sanitizer" not in error and "runtime error" not in error, (what, error[-2000:])
        if done.returncode:
            assert error.startswith("fathom: ") and error.count("\n") == 1, (what, error)
            assert done.stdout == b""


@pytest.fixture(scope="module")
def whole(tiny):
    return tiny("llama").read_bytes()


@pytest.fixture(scope="module")
def header_bytes(whole):
    """Where the tensors' data begins, about: past the last tensor's name."""
    return whole.rindex(b".weight") + 64


def test_truncated(whole, header_bytes, tmp_path):
    path = tmp_path / "cut.gguf"
    rng = random.Random(1)
    cuts = [0, 1, 3, 4, 7, 8, 23, 24, len(whole) - 1]
    cuts += [rng.randrange(header_bytes) for _ in range(60)]
    cuts += [rng.randrange(header_bytes, len(whole)) for _ in range(20)]
    for size in cuts:
        path.write_bytes(whole[:size])
        check(path, f"cut to {size}")
        assert run("info", "-m", path).returncode == 1, size


def test_flipped_bits(whole, header_bytes, tmp_path):
    path = tmp_path / "flipped.gguf"
    rng = random.Random(2)
    for round_ in range(150):
        damaged = bytearray(whole)
        # The metadata is mostly vocabulary; aim half of the flips at the counts and the tensor table.
        first = 0 if round_ % 2 else whole.index(b"token_embd.weight") - 64
        last = 600 if round_ % 4 == 1 else header_bytes
        flips = [(rng.randrange(first, last), rng.randrange(8)) for _ in range(rng.choice((1, 1, 4)))]
        for byte, bit in flips:
            damaged[byte] ^= 1 << bit
        path.write_bytes(damaged)
        check(path, f"flipped {flips}")


def test_hostile_numbers(whole, header_bytes, tmp_path):
    path = tmp_path / "hostile.gguf"
    rng = random.Random(3)
    table = whole.index(b"token_embd.weight") - 8
    for value in (0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1):
        places = [8, 16] + [rng.randrange(24, 2000) for _ in range(4)]
        places += [rng.randrange(table, header_bytes - 8) for _ in range(4)]
        for place in places:
            damaged = bytearray(whole)
            damaged[place:place + 8] = struct.pack("<Q", value)
            path.write_bytes(damaged)
            check(path, f"{value} at {place}")


def test_noise_in_the_weights_is_not_fatal(whole, header_bytes, tmp_path):
    path = tmp_path / "noise.gguf"
    rng = random.Random(4)
    damaged = bytearray(whole)
    damaged[header_bytes + 4096:] = rng.randbytes(len(whole) - header_bytes - 4096)
    path.write_bytes(damaged)
    check(path, "random weights")


def test_files_that_are_no_model(tmp_path):
    path = tmp_path / "other.gguf"
    for content in (b"", b"GGUF", b"\0" * 4096, b"GGUF" + b"\xff" * 4096, b"#!/bin/sh\nexit 0\n"):
        path.write_bytes(content)
        check(path, content[:8])
        assert run("info", "-m", path).returncode == 1
