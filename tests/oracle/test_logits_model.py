"""Both real models' logits against the double-precision oracle, on 1,024 tokens of a real text.

In f32 hardly any argmax may differ; where attention is rounded to bf16 one in a hundred may, if the oracle's two best are nearly tied: nearer than the root-mean-square
error of their difference that the rounding leads one to expect. That is, as test_logits_tiny.py
derives it, 2^-9 sqrt(rounded products) of the logits' spread for one logit, and sqrt(2) times that
for the difference of two. See docs/accuracy.md.
"""

import json
import os
import pathlib
import subprocess

import conftest
import forward
import numpy as np
import pytest

MODELS = ["SmolLM2-135M-Instruct.Q4_1.gguf", "gemma-3-270m-q4_k_m.gguf"]
TEXT = pathlib.Path("/usr/share/common-licenses/GPL-3")
TOKENS = 1024


def models_folder():
    home = os.environ.get("FATHOM_HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return (pathlib.Path(home) if home else pathlib.Path(cache, "fathom")) / "models"


def tokenize(path, text):
    """The begin token, where the model wants one, and the first of the text's tokens."""
    tool = os.path.join(os.path.dirname(conftest.TOOL), "tool_tokenize")
    request = json.dumps({"text": text})
    done = subprocess.run([tool, path], input=request, capture_output=True, text=True, check=True)
    fields = forward.Model(path).fields
    add_bos = fields.get("tokenizer.ggml.add_bos_token")
    ids = json.loads(done.stdout)["ids"]
    if add_bos is not None and add_bos.contents():
        ids = [fields["tokenizer.ggml.bos_token_id"].contents(), *ids]
    assert len(ids) >= TOKENS
    return ids[:TOKENS]


class Agreement:
    """How one path's logits compare with the oracle's, over the positions added so far."""

    def __init__(self, rounded_products):
        self.rounded_products = rounded_products
        self.spreads = []  # of each position's logits, as the oracle has them
        self.divergences = []
        self.errors = []  # root mean square, of each position's logits
        self.gaps = []  # where the argmax differs: the oracle's best logit less that of ours

    def add(self, oracle, ours):
        self.spreads += list(oracle.std(axis=1))
        difference = ours - oracle
        log_z = conftest.log_sum_exp(oracle)
        p = np.exp(oracle - log_z[:, None])
        # KL = sum p (log p - log q), with log p = oracle - log_z.
        self.divergences += list(conftest.log_sum_exp(ours.astype(np.float64)) - log_z
                                 - np.einsum("ij,ij->i", p, difference))
        self.errors += list(np.sqrt(np.mean(difference**2, axis=1)))
        chosen = np.take_along_axis(oracle, ours.argmax(axis=1)[:, None], axis=1)[:, 0]
        gaps = oracle.max(axis=1) - chosen
        self.gaps += list(gaps[gaps > 0])

    def same(self):
        return 1 - len(self.gaps) / len(self.errors)

    def near_tie(self):
        """The largest gap that the rounding of bf16 operands explains."""
        return np.sqrt(2) * 2**-9 * np.sqrt(self.rounded_products) * np.mean(self.spreads)

    def __str__(self):
        return (f"{len(self.errors)} positions: argmax equal at {100 * self.same():.2f} %, "
                f"mean KL {np.mean(self.divergences):.2e}, "
                f"logit error {np.sqrt(np.mean(np.square(self.errors))):.2e}, "
                f"largest gap {max(self.gaps, default=0):.3f} (near tie: {self.near_tie():.3f})")


@pytest.fixture(scope="module", params=MODELS)
def agreement(request):
    """precision -> Agreement; the oracle runs once for all."""
    path = str(models_folder() / request.param)
    if not os.path.exists(path):
        pytest.fail(f"{path} is missing: fathom pull gets it")
    tokens = tokenize(path, TEXT.read_text())
    model = forward.Model(path)
    # Scores and values. (No near tie is asked of the precisions with 8 bits.)
    rounded_products = {"f32": 0, "bf16": 2 * model.layers, "int8": 0, "fast": 0}
    result = {precision: Agreement(rounded) for precision, rounded in rounded_products.items()}
    vocabulary = len(model.fields["tokenizer.ggml.tokens"].contents())
    streams = [conftest.fathom_logit_blocks(path, tokens, vocabulary, precision=precision)
               for precision in result]
    for (_, oracle), *blocks in zip(forward.logit_blocks(path, tokens), *streams):
        for one, (_, ours) in zip(result.values(), blocks):
            one.add(oracle, ours)
    for precision, one in result.items():
        print(f"{request.param} {precision}: {one}")
        assert len(one.errors) == TOKENS
    return result


def test_f32(agreement):
    one = agreement["f32"]
    assert one.same() >= 0.999, one
    assert np.mean(one.divergences) <= 1e-6, one


def test_bf16(agreement):
    one = agreement["bf16"]
    # Measured at 98.9 % to 99.5 % of 1,024 positions: the last bits of a sum decide near ties, and
    # which those are differs by compiler and kernel. What holds for each of them is the next line.
    assert one.same() >= 0.985, one
    assert max(one.gaps, default=0) <= one.near_tie(), one
    assert np.mean(one.divergences) <= 3e-4, one


@pytest.mark.parametrize("precision, same, divergence", [("int8", 0.98, 1e-3), ("fast", 0.95, 1e-2)])
def test_8_bits(agreement, precision, same, divergence):
    one = agreement[precision]
    assert one.same() >= same, one
    assert np.mean(one.divergences) <= divergence, one
