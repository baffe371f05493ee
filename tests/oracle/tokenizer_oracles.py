"""Independent tokenizers, built from a GGUF's vocabulary: `tokenizers` and `sentencepiece`."""

import functools
import json
import os
import subprocess

import gguf
import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as sp_model
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders, models
from tokenizers import pre_tokenizers as pre

TOOL = os.path.join(os.environ.get("FATHOM_BUILD", "build"), "tool_tokenize")
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)

WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,%d}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_level(*before, use_regex):
    return pre.Sequence([*before, pre.ByteLevel(add_prefix_space=False, use_regex=use_regex)])


def split(regex):
    return pre.Split(Regex(regex), "isolated")


# As the models' tokenizer.json have them; `default` as llama.cpp does it.
SPLITS = {
    "smollm": byte_level(pre.Digits(individual_digits=True), use_regex=True),
    "gpt-2": byte_level(use_regex=True),
    "llama-bpe": byte_level(split(WORDS % 3), use_regex=False),
    "qwen2": byte_level(split(WORDS.replace("{1,%d}", "")), use_regex=False),
    "default": byte_level(
        split(r"[\p{P}$+<=>^~|]+"),
        split(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"),
        split(r"\p{N}+"),
        split(r"[0-9][0-9][0-9]"),
        use_regex=False,
    ),
}


@functools.cache
def metadata(path):
    """The tokenizer.ggml.* entries of a GGUF."""
    prefix = "tokenizer.ggml."
    fields = gguf.GGUFReader(path).fields.items()
    return {k.removeprefix(prefix): v.contents() for k, v in fields if k.startswith(prefix)}


def byte_bpe(path, pre_tokenizer):
    """Knows no control tokens: text never becomes one."""
    entries = metadata(path)
    tokens, kinds = entries["tokens"], entries["token_type"]
    vocabulary = {}
    for i, token in enumerate(tokens):
        vocabulary.setdefault(token, i)
    merges = [tuple(merge.split(" ")) for merge in entries["merges"]]
    whole_first = pre_tokenizer == "llama-bpe"
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=whole_first))
    tokenizer.pre_tokenizer = SPLITS[pre_tokenizer]
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens(
        [AddedToken(t, normalized=False) for t, k in zip(tokens, kinds) if k == USER_DEFINED]
    )
    return tokenizer


def sentencepiece_bpe(path):
    """No normalisation but spaces; the space prefix as the file says."""
    entries = metadata(path)
    tokens, scores, kinds = entries["tokens"], entries["scores"], entries["token_type"]
    model = sp_model.ModelProto()
    model.trainer_spec.model_type = sp_model.TrainerSpec.BPE
    model.trainer_spec.byte_fallback = BYTE in kinds
    model.trainer_spec.unk_id = entries["unknown_token_id"]
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = entries.get("add_space_prefix", True)
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = True
    for i, (token, score, kind) in enumerate(zip(tokens, scores, kinds)):
        if i == model.trainer_spec.unk_id:
            kind = UNKNOWN
            model.trainer_spec.unk_piece = token
        spelling = token.replace(" ", "\u2581") if kind == USER_DEFINED else token
        model.pieces.add(piece=spelling, score=score, type=kind)
    return sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())


def ask(model, requests, *flags):
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run([TOOL, model, *flags], input=lines.encode(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.split(b"\n")[:-1]]


def tokenize(model, texts, *flags):
    return [reply["ids"] for reply in ask(model, [{"text": text} for text in texts], *flags)]


def assert_equal(ours, theirs, texts):
    assert len(ours) == len(theirs) == len(texts)
    wrong = [i for i in range(len(texts)) if ours[i] != theirs[i]]
    first = [(texts[i][:200], ours[i][:60], theirs[i][:60]) for i in wrong[:3]]
    assert not wrong, f"{len(wrong)} of {len(texts)} texts differ: {first}"
