"""--attn in whole models: logits against the double-precision oracle with the same pairs masked,
the masks written here from the patterns' definitions."""

import conftest
import forward
import numpy as np
import pytest
import tiny_models
from test_logits_tiny import tolerance, worst_error

TOKENS = 200


def by_head(layer, head, q, k):
    """Layer 1, heads 0 to 5: windows 3, 3, 3, 90, 90, 90; the others as the specification says."""
    if head == 4:
        return k >= 0
    if layer == 1:
        return q - k < (3 if head < 3 else 90)
    return ((q - k) % 7 == 0) | (k < 2) if layer == 0 else k // 65 == q // 65


def gemma_own(layer, q, k):
    """tiny_models' gemma3: six of seven layers look through 8 tokens by themselves."""
    return (q - k < 8) | (layer == 5)


CASES = [
    ("llama", "window(size=20) | sinks(count=3)", lambda layer, head, q, k: (q - k < 20) | (k < 3)),
    ("llama", "strided(stride=5) & (window(size=64) | every(step=2))",
     lambda layer, head, q, k: ((q - k) % 5 == 0) & ((q - k < 64) | (k % 2 == 0))),
    ("llama", "fixed(block=63, summary=4) | globals(at=[5, 100])",
     lambda layer, head, q, k: (k // 63 == q // 63) | (k % 63 >= 59) | np.isin(k, [5, 100])
     | np.isin(q, [5, 100])),
    ("llama", "0: strided(stride=7) | sinks(count=2); *: fixed(block=65, summary=0);"
     "1: multiscale(windows=[3, 90]); heads 4: full", by_head),
    # What a clause names it replaces, the model's windows too; the rest is the model's own.
    ("gemma3", "odd: dilated(size=30, gap=3); even heads 0,2-3: longformer(window=9, at=[1])",
     lambda layer, head, q, k:
     ((q - k) % 3 == 0) & (q - k < 90) if layer % 2 else
     (q - k < 9) | (k == 1) | (q == 1) if head != 1 else gemma_own(layer, q, k)),
    ("gemma3", "even: full", lambda layer, head, q, k: (layer % 2 == 0) | gemma_own(layer, q, k)),
    ("gemma3", "model & strided(stride=3)",
     lambda layer, head, q, k: ((q - k) % 3 == 0) & gemma_own(layer, q, k)),
    ("gemma3", "heads 0: model; heads 1: full",
     lambda layer, head, q, k: (head == 1) | gemma_own(layer, q, k)),
    ("gemma3", "*: model | sinks(count=2); 5: window(size=40)",
     lambda layer, head, q, k: q - k < 40 if layer == 5 else (q - k < 8) | (k < 2)),
]


@pytest.mark.parametrize("precision", ["f32", "bf16"])
@pytest.mark.parametrize("name, spec, sees", CASES, ids=[case[1] for case in CASES])
def test_agrees_with_the_masked_oracle(tmp_path, name, spec, sees, precision):
    path = str(tmp_path / "model.gguf")
    tiny_models.write(path, tiny_models.TINY_MODELS[name])
    vocabulary = len(forward.Model(path).fields["tokenizer.ggml.tokens"].contents())
    tokens = np.random.default_rng(1).integers(0, vocabulary, TOKENS)
    oracle = forward.logits(path, tokens, sees=sees)
    assert worst_error(forward.logits(path, tokens), oracle) > 0.1, "the pattern changes nothing"
    for chunk in (512, 50, 1):
        ours = conftest.fathom_logits(path, tokens, vocabulary, precision=precision, chunk=chunk,
                                      attn=spec)
        assert worst_error(oracle, ours) <= tolerance(name, precision), f"chunks of {chunk}"
