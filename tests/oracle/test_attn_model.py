"""--attn on both real models: logits and perplexity against the double-precision oracle with the
same pairs masked, the masks written here from the patterns' definitions."""

import conftest
import forward
import numpy as np
import pytest
from test_logits_model import MODELS, TEXT, models_folder, tokenize

TOKENS = 256


def multiscale(layer, head, q, k, heads):
    return q - k < [16, 60, 200][head * 3 // heads]


CASES = [
    ("longformer(window=40, at=[0, 1, 100, 200])", lambda layer, head, q, k, heads: (q - k < 40)
     | np.isin(k, [0, 1, 100, 200]) | np.isin(q, [0, 1, 100, 200])),
    ("even: fixed(block=48, summary=6) | sinks; odd: dilated(size=20, gap=3) | sinks(count=2)",
     lambda layer, head, q, k, heads: (k < 2) | ((q - k) % 3 == 0) & (q - k < 60) if layer % 2 else
     (k // 48 == q // 48) | (k % 48 >= 42) | (k < 4)),
    ("multiscale(windows=[16, 60, 200])", multiscale),
]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("spec, sees", CASES, ids=[case[0] for case in CASES])
def test_agrees_with_the_masked_oracle(name, spec, sees):
    path = str(models_folder() / name)
    tokens = tokenize(path, TEXT.read_text())[:TOKENS]
    model = forward.Model(path)
    heads = model.get("attention.head_count")
    vocabulary = len(model.fields["tokenizer.ggml.tokens"].contents())
    oracle = forward.logit_blocks(path, tokens, sees=lambda layer, head, q, k: sees(
        layer, head, q, k, heads))
    ours = conftest.fathom_logit_blocks(path, tokens, vocabulary, precision="f32", attn=spec)
    divergences, losses = [], []
    for (first, want), (_, got) in zip(oracle, ours):
        got = got.astype(np.float64)
        log_want = want - conftest.log_sum_exp(want)[:, None]
        log_got = got - conftest.log_sum_exp(got)[:, None]
        divergences += list(np.einsum("ij,ij->i", np.exp(log_want), log_want - log_got))
        following = tokens[first + 1 : first + 1 + len(want)]
        losses += [(-log_want[i, t], -log_got[i, t]) for i, t in enumerate(following)]
    perplexity = np.exp(np.mean(losses, axis=0))
    print(f"{name} {spec}: perplexity {perplexity[0]:.4f}, ours {perplexity[1]:.4f}, "
          f"mean KL {np.mean(divergences):.1e}")
    assert len(divergences) == TOKENS
    assert np.mean(divergences) <= 1e-6
    assert perplexity[1] == pytest.approx(perplexity[0], rel=1e-4)
