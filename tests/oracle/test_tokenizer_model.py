"""The two pulled models' vocabularies, token for token against `tokenizers` and `sentencepiece`."""

import os
import pathlib

import pytest
import tokenizer_oracles as oracles
from tokenizer_corpus import corpus


def model_path(name):
    home = os.environ.get("FATHOM_HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return str((pathlib.Path(home) if home else pathlib.Path(cache, "fathom")) / "models" / name)


@pytest.mark.parametrize("pre", oracles.SPLITS)
def test_byte_bpe(pre):
    """SmolLM2's tokens and merges, cut by each pre-tokenizer."""
    path = model_path("SmolLM2-135M-Instruct.Q4_1.gguf")
    texts = corpus()
    oracle = oracles.byte_bpe(path, pre)
    expected = [oracle.encode(text, add_special_tokens=False).ids for text in texts]
    oracles.assert_equal(oracles.tokenize(path, texts, "--pre", pre), expected, texts)


def test_sentencepiece():
    path = model_path("gemma-3-270m-q4_k_m.gguf")
    texts = corpus()
    oracle = oracles.sentencepiece_bpe(path)
    oracles.assert_equal(oracles.tokenize(path, texts), oracle.encode(texts), texts)
