"""--kv in whole models: logits against the double-precision oracle that holds the same tokens."""

import conftest
import forward
import numpy as np
import pytest
import tiny_models
from test_logits_tiny import tolerance, worst_error

TOKENS = 300


@pytest.fixture(params=["llama", "qwen2", "gemma3"])
def model(request, tmp_path):
    """Name, path, vocabulary size, tokens."""
    path = str(tmp_path / "model.gguf")
    tiny_models.write(path, tiny_models.TINY_MODELS[request.param])
    vocabulary = len(forward.Model(path).fields["tokenizer.ggml.tokens"].contents())
    return request.param, path, vocabulary, np.random.default_rng(1).integers(0, vocabulary, TOKENS)


@pytest.mark.parametrize("precision", ["f32", "bf16"])
@pytest.mark.parametrize("sinks, recent", [(4, 20), (1, 130), (70, 64), (0, 50)])
def test_streaming_turns_keys_by_their_place_in_the_cache(model, sinks, recent, precision):
    name, path, vocabulary, tokens = model
    oracle = forward.logits(path, tokens, streaming=(sinks, recent))
    for chunk in (512, 50, 1):
        ours = conftest.fathom_logits(path, tokens, vocabulary, precision=precision, chunk=chunk,
                                      kv=f"streaming(sinks={sinks}, recent={recent})")
        assert worst_error(oracle, ours) <= tolerance(name, precision), f"chunks of {chunk}"


@pytest.mark.parametrize("budget", [1, 20, 64, 100])
def test_fifo_is_a_window(model, budget):
    name, path, vocabulary, tokens = model
    own = forward.Model(path)

    def sees(layer, head, q, k):
        window = own.window(layer)
        return q - k < (budget if window is None else min(budget, window))

    oracle = forward.logits(path, tokens, sees=sees)
    for chunk in (512, 50, 1):
        ours = conftest.fathom_logits(path, tokens, vocabulary, precision="f32", chunk=chunk,
                                      kv=f"fifo(budget={budget})")
        assert worst_error(oracle, ours) <= tolerance(name, "f32"), f"chunks of {chunk}"


@pytest.mark.parametrize("attn", ["strided(stride=5) | sinks(count=2)", "fixed(block=63, summary=4)"])
def test_composes_with_patterns(model, attn):
    """What a query sees of a full cache that drops nothing else is what the pattern lets it see."""
    name, path, vocabulary, tokens = model
    plain = conftest.fathom_logits(path, tokens, vocabulary, precision="f32", attn=attn)
    for kv in ("snapkv(budget=300)", "fifo(budget=300)"):
        kept = conftest.fathom_logits(path, tokens, vocabulary, precision="f32", attn=attn, kv=kv,
                                      chunk=50)
        assert worst_error(plain.astype(float), kept) <= tolerance(name, "f32"), kv


@pytest.mark.parametrize("kv, error", [("f16", 4e-3), ("bf16", 4e-2), ("q8", 0.1), ("q4", 1)])
def test_types_stay_near_f32(model, kv, error):
    """Coded per block from the second on; in units of the logits' spread."""
    _, path, vocabulary, tokens = model
    exact = conftest.fathom_logits(path, tokens, vocabulary, precision="f32", chunk=50)
    coded = conftest.fathom_logits(path, tokens, vocabulary, precision="f32", chunk=50, kv=kv)
    assert 0 < worst_error(exact.astype(float), coded) <= error
