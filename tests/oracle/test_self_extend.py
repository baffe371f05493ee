"""--rope self_extend in whole models: logits against the rule pair by pair, in double precision."""

import conftest
import forward
import numpy as np
import pytest
import rope_oracle
import tiny_models
from test_logits_tiny import tolerance, worst_error

TOKENS = 300
CONTEXT = 4096


def plain(d, base, original):
    """A scaling that is given takes the place of the file's own."""
    return rope_oracle.none(d, base, original, CONTEXT)


@pytest.fixture(params=["llama", "qwen2", "llama_linear", "gemma3"])
def model(request, tmp_path):
    """Name, path, vocabulary size, tokens."""
    path = str(tmp_path / "model.gguf")
    tiny_models.write(path, tiny_models.TINY_MODELS[request.param], context=CONTEXT)
    vocabulary = len(forward.Model(path).fields["tokenizer.ggml.tokens"].contents())
    return request.param, path, vocabulary, np.random.default_rng(1).integers(0, vocabulary, TOKENS)


# Windows of less than a block, of blocks, not a multiple of the group; groups larger than a window.
CASES = [(4, 32), (8, 64), (7, 65), (2, 1), (5, 3), (16, 200), (100, 128), (3, 299)]


@pytest.mark.parametrize("group, window", CASES)
def test_agrees_with_the_rule(model, group, window):
    name, path, vocabulary, tokens = model
    oracle = forward.logits(path, tokens, rope=plain, self_extend=(group, window))
    bound = tolerance(name, "f32")
    if window < 200:
        assert worst_error(forward.logits(path, tokens, rope=plain), oracle) > 10 * bound
    for chunk in (512, 64, 37, 1) if (group, window) == (7, 65) else (512, 50):
        ours = conftest.fathom_logits(path, tokens, vocabulary, precision="f32", chunk=chunk,
                                      rope=f"self_extend(group={group}, window={window})")
        assert worst_error(oracle, ours) <= bound, f"chunks of {chunk}"


@pytest.mark.parametrize("precision", ["bf16", "int8", "fast"])
def test_in_every_precision(model, precision):
    name, path, vocabulary, tokens = model
    oracle = forward.logits(path, tokens, rope=plain, self_extend=(6, 70))
    for chunk in (512, 1):
        ours = conftest.fathom_logits(path, tokens, vocabulary, precision=precision, chunk=chunk,
                                      rope="self_extend(group=6, window=70)")
        assert worst_error(oracle, ours) <= tolerance(name, precision)


@pytest.mark.parametrize("attn, sees", [
    ("window(size=150) | sinks(count=3)", lambda layer, head, q, k: (q - k < 150) | (k < 3)),
    ("strided(stride=5) | fixed(block=63, summary=4)",
     lambda layer, head, q, k: ((q - k) % 5 == 0) | (k // 63 == q // 63) | (k % 63 >= 59)),
    ("window(size=20)", lambda layer, head, q, k: q - k < 20),
])
def test_composes_with_patterns(tmp_path, attn, sees):
    path = str(tmp_path / "model.gguf")
    tiny_models.write(path, tiny_models.TINY_MODELS["llama"], context=CONTEXT)
    vocabulary = len(forward.Model(path).fields["tokenizer.ggml.tokens"].contents())
    tokens = np.random.default_rng(3).integers(0, vocabulary, TOKENS)
    oracle = forward.logits(path, tokens, sees=sees, self_extend=(4, 70))
    for chunk in (512, 33):
        ours = conftest.fathom_logits(path, tokens, vocabulary, precision="f32", chunk=chunk,
                                      attn=attn, rope="self_extend(group=4, window=70)")
        assert worst_error(oracle, ours) <= tolerance("llama", "f32"), f"chunks of {chunk}"


@pytest.mark.parametrize("kv, error", [("f16", 4e-3), ("bf16", 4e-2), ("q8", 0.1), ("q4", 1)])
def test_types_stay_near_f32(model, kv, error):
    """Far keys are coded per block; in units of the logits' spread, as test_kv_tiny.py has it."""
    _, path, vocabulary, tokens = model
    flags = {"precision": "f32", "chunk": 50, "rope": "self_extend(group=4, window=70)"}
    exact = conftest.fathom_logits(path, tokens, vocabulary, **flags)
    coded = conftest.fathom_logits(path, tokens, vocabulary, kv=kv, **flags)
    assert 0 < worst_error(exact.astype(float), coded) <= error
