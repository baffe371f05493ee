"""What the oracle tests share: Fathom's logits, and how far they are from the oracle's."""

import os
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.dirname(__file__))

TOOL = os.path.join(os.environ.get("FATHOM_BUILD", "build"), "tool_logits")


def fathom_logit_blocks(model, tokens, vocabulary, block=64, **flags):
    """Runs tool_logits, flags as keywords; yields (first, logits [<= block, vocabulary]) like
    forward.logit_blocks(). Nothing larger than a block is held or written to disk."""
    with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryFile() as errors:
        np.asarray(tokens, np.int32).tofile(file.name)
        command = [TOOL, model, file.name]
        for flag, value in flags.items():
            command += [f"--{flag}", str(value)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as tool:
            for first in range(0, len(tokens), block):
                rows = min(block, len(tokens) - first)
                data = tool.stdout.read(4 * rows * vocabulary)
                if len(data) == 4 * rows * vocabulary:
                    yield first, np.frombuffer(data, np.float32).reshape(rows, vocabulary)
            rest = tool.stdout.read()
        errors.seek(0)
        assert tool.returncode == 0 and not rest, errors.read().decode()


def fathom_logits(model, tokens, vocabulary, **flags):
    blocks = fathom_logit_blocks(model, tokens, vocabulary, **flags)
    return np.concatenate([rows for _, rows in blocks]).astype(np.float64)


def instruction_sets():
    """Those this machine can run, least first; the tool refuses the others."""
    names = ("portable", "avx2", "avx2vnni", "avx512", "avx512bf16", "neon")
    check = [subprocess.run([TOOL, "", "", "--isa", name], capture_output=True) for name in names]
    return [name for name, done in zip(names, check) if b"instruction set" not in done.stderr]


def log_sum_exp(logits):
    most = logits.max(axis=1)
    return most + np.log(np.exp(logits - most[:, None]).sum(axis=1))
