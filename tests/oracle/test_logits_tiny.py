"""Every architecture's logits against the double-precision oracle, on small random models: every
instruction set, every precision, chunks of any size.

How far apart may they be? Let e be the relative error of one product: 2^-9 for bf16 operands (one
rounding of each; independent errors of n terms add to the same relative error of their sum), 2^-7
for operands in 8 bits (a step is 2^-7 of the largest, a rounding 2^-1.8 of a step, twice; numbers
are some three times smaller than the largest), and 2^-24 sqrt(n) for f32 (a sum of n terms is rounded n times, independently). A token's logits come
from 7 products in each layer and the head, so their root-mean-square error is about
e sqrt(7 layers + 1) of the logits' spread, times what the steps between do to an error: softmax
turns the absolute error of a score into a relative one, a gate multiplies two errors. For the worst
of some hundred tokens we allow AMPLIFICATION times that. A wrong formula is off by about 1.
"""

import functools
import os
import tempfile

import conftest
import forward
import numpy as np
import pytest
import tiny_models

TOKENS = 200  # more than three key blocks, the last one partial
AMPLIFICATION = 8
PRECISIONS = ["f32", "bf16", "int8", "fast"]


@pytest.fixture(scope="module")
def sample():
    """name -> (path, token ids, oracle's logits), each made once."""
    with tempfile.TemporaryDirectory() as folder:

        @functools.cache
        def make(name):
            path = os.path.join(folder, name + ".gguf")
            tiny_models.write(path, tiny_models.TINY_MODELS[name])
            vocabulary = len(forward.Model(path).fields["tokenizer.ggml.tokens"].contents())
            tokens = np.random.default_rng(1).integers(0, vocabulary, TOKENS)
            return path, tokens, forward.logits(path, tokens)

        yield make


def tolerance(name, precision):
    """Of a token's root-mean-square error, in units of the logits' spread."""
    tiny = tiny_models.TINY_MODELS[name]
    terms = max(tiny.width, tiny.hidden, tiny.heads * tiny.head_dim)
    product_error = {"f32": 2**-24 * np.sqrt(terms), "bf16": 2**-9, "int8": 2**-7,
                     "fast": 2**-7}[precision]
    return AMPLIFICATION * product_error * np.sqrt(7 * tiny.layers + 1)


def worst_error(oracle, ours):
    """The largest root-mean-square error of a token's logits, in units of their spread."""
    return np.sqrt(np.mean((ours - oracle) ** 2, axis=1)).max() / oracle.std()


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("isa", conftest.instruction_sets())
@pytest.mark.parametrize("name", tiny_models.TINY_MODELS)
def test_agrees_with_the_oracle(sample, name, isa, precision):
    path, tokens, oracle = sample(name)
    ours = conftest.fathom_logits(path, tokens, oracle.shape[1], isa=isa, precision=precision)
    assert worst_error(oracle, ours) <= tolerance(name, precision)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", tiny_models.TINY_MODELS)
def test_token_by_token_agrees_with_the_oracle(sample, name, precision):
    path, tokens, oracle = sample(name)
    for chunk in (1, 7):
        ours = conftest.fathom_logits(path, tokens, oracle.shape[1], precision=precision, chunk=chunk)
        assert worst_error(oracle, ours) <= tolerance(name, precision), f"chunks of {chunk}"


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", tiny_models.TINY_MODELS)
def test_chunks_and_threads_do_not_change_a_bit(sample, name, precision):
    path, tokens, oracle = sample(name)
    whole = conftest.fathom_logits(path, tokens, oracle.shape[1], precision=precision, threads=1)
    for chunk in (64, 128):
        ours = conftest.fathom_logits(path, tokens, oracle.shape[1], precision=precision, threads=3,
                                      chunk=chunk)
        assert np.array_equal(whole, ours), f"chunks of {chunk}"
