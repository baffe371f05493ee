"""Well-formed GGUF files whose model is wrong: each is refused with a message that names the culprit."""

import dataclasses
import os
import pathlib
import subprocess
import sys

import gguf
import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "oracle"))
import tiny_models  # noqa: E402

FATHOM = pathlib.Path(os.environ.get("FATHOM_BUILD", SOURCE / "build")) / "fathom"
KIND = gguf.GGUFValueType


def write_edited(path, name, edit):
    """The tiny model `name`, changed by edit(metadata, tensors) before it is written."""

    class Edited(gguf.GGUFWriter):
        def write_header_to_file(self, path=None):
            edit(self.kv_data[0], self.tensors[0])
            super().write_header_to_file(path)

    original = gguf.GGUFWriter
    gguf.GGUFWriter = Edited
    try:
        tiny_models.write(path, tiny_models.TINY_MODELS[name])
    finally:
        gguf.GGUFWriter = original


def drop_tensor(name):
    return lambda metadata, tensors: tensors.pop(name)


def drop_key(name):
    return lambda metadata, tensors: metadata.pop(name)


def reshape(name, *shape):
    def edit(metadata, tensors):
        tensors[name].shape = shape
    return edit


def set_key(name, value, kind=KIND.UINT32, sub_type=None):
    def edit(metadata, tensors):
        metadata[name] = gguf.GGUFValue(value, kind, sub_type)
    return edit


def extra_tensor(name):
    def edit(metadata, tensors):
        tensors[name] = dataclasses.replace(tensors["output_norm.weight"])
    return edit


def change_token_list(change):
    def edit(metadata, tensors):
        tokens = metadata["tokenizer.ggml.tokens"]
        metadata["tokenizer.ggml.tokens"] = gguf.GGUFValue(
            change(list(tokens.value)), tokens.type, tokens.sub_type)
    return edit


def change_merges(change):
    def edit(metadata, tensors):
        merges = metadata["tokenizer.ggml.merges"]
        metadata["tokenizer.ggml.merges"] = gguf.GGUFValue(
            change(list(merges.value)), merges.type, merges.sub_type)
    return edit


# (tiny model, edit, what the message must name)
WRONG = {
    "missing embedding": ("llama", drop_tensor("token_embd.weight"), "token_embd.weight"),
    "missing projection": ("llama", drop_tensor("blk.1.attn_k.weight"), "blk.1.attn_k.weight"),
    "missing bias": ("qwen2", drop_tensor("blk.2.attn_v.bias"), "blk.2.attn_v.bias"),
    "missing head norm": ("qwen3", drop_tensor("blk.0.attn_q_norm.weight"), "attn_q_norm"),
    "missing post norm": ("gemma3", drop_tensor("blk.0.post_ffw_norm.weight"), "post_ffw_norm"),
    "wrong norm size": ("llama_f32", reshape("output_norm.weight", 48, 2), "output_norm.weight"),
    "transposed matrix": ("llama_f32", reshape("blk.0.ffn_up.weight", 96, 160), "ffn_up"),
    "unknown tensor": ("llama", extra_tensor("blk.0.mystery.weight"), "blk.0.mystery.weight"),
    "unknown architecture": ("llama", set_key("general.architecture", "mamba", KIND.STRING), "mamba"),
    "no architecture": ("llama", drop_key("general.architecture"), "general.architecture"),
    "no layers": ("llama", set_key("llama.block_count", 0), "llama.block_count"),
    "absurd layers": ("llama", set_key("llama.block_count", 2**31 - 1), "llama.block_count"),
    "no heads": ("llama", set_key("llama.attention.head_count", 0), "llama.attention.head_count"),
    "KV heads do not divide": ("llama", set_key("llama.attention.head_count_kv", 4), "head_count_kv"),
    "odd head size": ("qwen3", set_key("qwen3.attention.key_length", 97), "key_length"),
    "huge head size": ("qwen3", set_key("qwen3.attention.key_length", 512), "key_length"),
    "zero width": ("llama", set_key("llama.embedding_length", 0), "llama.embedding_length"),
    "huge width": ("llama", set_key("llama.embedding_length", 2**32 - 1), "llama.embedding_length"),
    "width of another kind": (
        "llama", set_key("llama.embedding_length", "wide", KIND.STRING), "llama.embedding_length"),
    "no context length": ("llama", drop_key("llama.context_length"), "llama.context_length"),
    "negative epsilon": (
        "llama", set_key("llama.attention.layer_norm_rms_epsilon", -1.0, KIND.FLOAT32), "epsilon"),
    "NaN epsilon": (
        "llama", set_key("llama.attention.layer_norm_rms_epsilon", float("nan"), KIND.FLOAT32),
        "epsilon"),
    "RoPE base of zero": ("llama", set_key("llama.rope.freq_base", 0.0, KIND.FLOAT32), "freq_base"),
    "RoPE base of windowed layers": (
        "gemma3", set_key("gemma3.rope.freq_base_swa", -1.0, KIND.FLOAT32), "rope.freq_base_swa"),
    "odd rotary size": ("llama", set_key("llama.rope.dimension_count", 7), "dimension_count"),
    "unknown RoPE scaling": (
        "llama", set_key("llama.rope.scaling.type", "su", KIND.STRING), "'su' is not supported"),
    "LongRoPE without factors": (
        "llama", set_key("llama.rope.scaling.type", "longrope", KIND.STRING), "rope_factors_short"),
    "mixture of experts": ("llama", set_key("llama.expert_count", 8), "expert_count"),
    "soft-capping": (
        "gemma3", set_key("gemma3.final_logit_softcapping", 30.0, KIND.FLOAT32), "softcapping"),
    "short window pattern": (
        "gemma3_array",
        set_key("gemma3.attention.sliding_window_pattern", [True, False], KIND.ARRAY, KIND.BOOL),
        "sliding_window_pattern"),
    "begin token out of range": ("llama", set_key("tokenizer.ggml.bos_token_id", 10**6), "bos_token_id"),
    "no vocabulary": ("llama", drop_key("tokenizer.ggml.tokens"), "tokenizer.ggml.tokens"),
    "short vocabulary": ("llama", change_token_list(lambda tokens: tokens[:-3]), "token"),
    "unknown tokenizer": (
        "llama", set_key("tokenizer.ggml.model", "telepathy", KIND.STRING), "telepathy"),
    "unknown pre-tokenizer": (
        "llama", set_key("tokenizer.ggml.pre", "telepathy", KIND.STRING), "telepathy"),
    "merge of unknown tokens": ("llama", change_merges(lambda merges: ["zz qq", *merges]), "zz qq"),
    "merge of one word": ("llama", change_merges(lambda merges: ["alone", *merges]), "alone"),
    "cyclic merge": ("llama", change_merges(lambda merges: ["a a", *merges]), "a a"),
    "token type out of range": (
        "llama", set_key("tokenizer.ggml.token_type", [99], KIND.ARRAY, KIND.INT32), "token_type"),
}


@pytest.mark.parametrize("case", WRONG)
def test_is_refused_by_name(case, tmp_path):
    name, edit, culprit = WRONG[case]
    path = tmp_path / "wrong.gguf"
    write_edited(path, name, edit)
    run = subprocess.run(
        [FATHOM, "run", "-m", path, "-p", "Hello", "-n", "1"], capture_output=True, text=True,
        timeout=60, check=False)
    assert run.returncode == 1, run
    assert run.stdout == ""
    assert culprit in run.stderr
    assert str(path) in run.stderr


def test_the_unedited_models_run(tmp_path):
    for name in sorted({name for name, _, _ in WRONG.values()}):
        path = tmp_path / f"{name}.gguf"
        write_edited(path, name, lambda metadata, tensors: None)
        run = subprocess.run(
            [FATHOM, "run", "-m", path, "--raw", "-p", "Hello", "-n", "1"], capture_output=True,
            timeout=60, check=False)
        assert run.returncode == 0, run.stderr
