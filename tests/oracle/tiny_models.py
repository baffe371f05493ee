"""Small random GGUF models, one or more per architecture, complete enough to run, tokenise and chat.

They are built to be awkward where real models are tame: odd widths, three query heads to a KV head,
windows shorter than the text, several tensor types in one layer. The same seed writes the same file.

    python tiny_models.py NAME OUT.gguf [--seed N] [--context N]
    python tiny_models.py --list
"""

import argparse
import dataclasses
import re

import gguf
import numpy as np

F32, F16, BF16, Q8_0, Q4_0 = (
    gguf.GGMLQuantizationType[name] for name in ("F32", "F16", "BF16", "Q8_0", "Q4_0")
)


@dataclasses.dataclass(frozen=True)
class Tiny:
    """What to write. Every matrix's row length is a multiple of 32, the block of Q8_0 and Q4_0."""

    architecture: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    hidden: int
    vocabulary: str  # "chatml", "llama2" or "gemma": see the functions below
    tied: bool = True  # no output matrix: the embedding is used again
    types: tuple = (Q8_0, F16, Q4_0, F32, BF16)  # dealt out to the matrices in turn
    rope_base: float = 10000.0
    rope_factors: bool = False  # rope_freqs.weight, as Llama 3.1 has
    linear_scaling: float | None = None
    yarn: tuple | None = None  # (factor, original context)
    longrope: tuple | None = None  # (attention factor, original context)
    window: int | None = None
    window_pattern: int | tuple | None = None
    key_length: bool = False  # write attention.key_length even where it is width / heads


TINY_MODELS = {
    "llama": Tiny("llama", 3, 192, 6, 2, 32, 352, "chatml"),
    "llama_factors": Tiny("llama", 3, 192, 3, 1, 64, 160, "chatml", tied=False, rope_factors=True,
                          rope_base=500000.0, types=(F32, Q4_0)),
    "llama_linear": Tiny("llama", 3, 320, 4, 4, 80, 224, "llama2", linear_scaling=4.0,
                         types=(F16, Q8_0), tied=False),
    "llama_longrope": Tiny("llama", 3, 192, 6, 2, 32, 160, "chatml", types=(F16, Q8_0),
                           longrope=(1.25, 1024)),
    "llama_f32": Tiny("llama", 3, 96, 6, 2, 16, 160, "chatml", types=(F32,), tied=False),
    "mistral": Tiny("llama", 4, 288, 9, 3, 32, 416, "llama2", window=8, tied=False),
    "qwen2": Tiny("qwen2", 4, 192, 6, 2, 32, 288, "chatml", rope_base=1e6, types=(Q4_0, Q8_0, F16)),
    "qwen2_yarn": Tiny("qwen2", 3, 192, 3, 1, 64, 288, "chatml", rope_base=1e6, tied=False,
                       yarn=(4.0, 64)),
    "qwen3": Tiny("qwen3", 5, 160, 6, 2, 96, 224, "chatml", rope_base=1e6, key_length=True),
    "gemma3": Tiny("gemma3", 7, 160, 4, 1, 80, 192, "gemma", rope_base=1e6, window=8,
                   linear_scaling=8.0, key_length=True),
    "gemma3_pattern": Tiny("gemma3", 5, 128, 6, 2, 128, 192, "gemma", rope_base=1e6, window=24,
                           window_pattern=3, key_length=True),
    "gemma3_array": Tiny("gemma3", 4, 128, 3, 1, 256, 192, "gemma", rope_base=1e6, window=70,
                         window_pattern=(True, False, False, True), key_length=True),
}


def write(path, tiny, seed=0, context=4096):
    """Writes the model to `path`."""
    writer = gguf.GGUFWriter(path, tiny.architecture)
    size = VOCABULARIES[tiny.vocabulary](writer)
    write_metadata(writer, tiny, context, size)
    types = 0
    for name, array in tensors(tiny, size, np.random.default_rng(seed)):
        array = array.astype(np.float32)
        if array.ndim == 1:
            writer.add_tensor(name, array)
            continue
        dtype = tiny.types[types % len(tiny.types)]
        types += 1
        if dtype in (F32, F16):
            writer.add_tensor(name, array.astype(np.float32 if dtype == F32 else np.float16))
        else:
            writer.add_tensor(name, gguf.quants.quantize(array, dtype), raw_dtype=dtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_metadata(writer, tiny, context, vocabulary_size):
    writer.add_name(f"Tiny random {tiny.architecture}")
    writer.add_context_length(context)
    writer.add_embedding_length(tiny.width)
    writer.add_block_count(tiny.layers)
    writer.add_feed_forward_length(tiny.hidden)
    writer.add_head_count(tiny.heads)
    writer.add_head_count_kv(tiny.kv_heads)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(tiny.rope_base)
    writer.add_vocab_size(vocabulary_size)
    if tiny.key_length:
        writer.add_key_length(tiny.head_dim)
        writer.add_value_length(tiny.head_dim)
    elif tiny.head_dim * tiny.heads != tiny.width:
        raise ValueError("the head size must be written where it is not width / heads")
    if tiny.linear_scaling:
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(tiny.linear_scaling)
    if tiny.yarn:
        factor, original = tiny.yarn
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(factor)
        writer.add_rope_scaling_orig_ctx_len(original)
    if tiny.longrope:
        attn_factor, original = tiny.longrope
        writer.add_rope_scaling_type(gguf.RopeScalingType.LONGROPE)
        writer.add_rope_scaling_attn_factors(attn_factor)
        writer.add_rope_scaling_orig_ctx_len(original)
    if tiny.window:
        writer.add_sliding_window(tiny.window)
    if tiny.window_pattern:
        key = gguf.Keys.Attention.SLIDING_WINDOW_PATTERN.format(arch=tiny.architecture)
        if isinstance(tiny.window_pattern, int):
            writer.add_uint32(key, tiny.window_pattern)
        else:
            writer.add_array(key, list(tiny.window_pattern))


def tensors(tiny, vocabulary_size, rng):
    """Yields (name, array), arrays as [rows, cols]. Scaled so that activations keep their size, the
    attention is neither uniform nor one-hot, and the logits differ by a few units."""
    queries, keys = tiny.heads * tiny.head_dim, tiny.kv_heads * tiny.head_dim
    gemma = tiny.architecture == "gemma3"

    def matrix(rows, cols, gain=1.0):
        return rng.normal(0, gain / np.sqrt(cols), (rows, cols))

    def norm(size):
        return rng.uniform(0.7, 1.5, size)

    # Gemma multiplies its embedding by sqrt(width). A small embedding lets the layers dominate the
    # residual stream; else a tied model's likeliest next token is always the one just read.
    embedding_gain = 0.5 if gemma else 0.3 * np.sqrt(tiny.width)
    yield "token_embd.weight", matrix(vocabulary_size, tiny.width, embedding_gain)
    for layer in range(tiny.layers):
        block = f"blk.{layer}."
        yield block + "attn_norm.weight", norm(tiny.width)
        yield block + "attn_q.weight", matrix(queries, tiny.width, 1.3)
        yield block + "attn_k.weight", matrix(keys, tiny.width, 1.3)
        yield block + "attn_v.weight", matrix(keys, tiny.width)
        yield block + "attn_output.weight", matrix(tiny.width, queries)
        if tiny.architecture == "qwen2":
            for name, size in (("q", queries), ("k", keys), ("v", keys)):
                yield block + f"attn_{name}.bias", rng.normal(0, 0.5, size)
        if tiny.architecture in ("qwen3", "gemma3"):
            yield block + "attn_q_norm.weight", norm(tiny.head_dim)
            yield block + "attn_k_norm.weight", norm(tiny.head_dim)
        if gemma:
            yield block + "post_attention_norm.weight", norm(tiny.width)
            yield block + "post_ffw_norm.weight", norm(tiny.width)
        yield block + "ffn_norm.weight", norm(tiny.width)
        yield block + "ffn_gate.weight", matrix(tiny.hidden, tiny.width)
        yield block + "ffn_up.weight", matrix(tiny.hidden, tiny.width)
        yield block + "ffn_down.weight", matrix(tiny.width, tiny.hidden)
    yield "output_norm.weight", norm(tiny.width) * (4 if gemma else 0.6 if tiny.tied else 1)
    if not tiny.tied:
        yield "output.weight", matrix(vocabulary_size, tiny.width, 2)
    if tiny.rope_factors:
        yield "rope_freqs.weight", np.linspace(1, 8, tiny.head_dim // 2)
    if tiny.longrope:
        yield "rope_factors_short.weight", np.linspace(1, 1.5, tiny.head_dim // 2)
        yield "rope_factors_long.weight", np.linspace(1, 30, tiny.head_dim // 2)


# Vocabularies: each adds the tokenizer's keys and returns its size.

NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6

WORDS = "the and that have with this from they would there their what about which when " \
        "Question Answer document whale captain license software ship sea user system".split()


def byte_letters():
    """GPT-2's printable stand-in for each byte: itself where it prints, else 256, 257, ..."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable}
    letters.update({byte: chr(256 + i) for i, byte in enumerate(others)})
    return [letters[byte] for byte in range(256)]


def chatml(writer):
    """Byte-level BPE; each word of WORDS, with its leading space, grows letter by letter."""
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    kinds = [CONTROL] * len(tokens)
    merges = []
    known = set(byte_letters())
    tokens += byte_letters()
    space = byte_letters()[ord(" ")]
    for word in WORDS:
        left = space
        for letter in word:
            if left + letter not in known:
                merges.append(f"{left} {letter}")
                tokens.append(left + letter)
                known.add(left + letter)
            left += letter
    kinds += [NORMAL] * (len(tokens) - len(kinds))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + "
        "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
    return len(tokens)


def sentencepiece(writer, controls, template):
    """SentencePiece BPE with byte fallback: `controls`, bytes, then pieces, best (longest) first."""
    pieces = {"▁": 0}
    for word in WORDS:
        for end in range(1, len(word) + 1):
            pieces.setdefault(word[:end])
            pieces.setdefault("▁" + word[:end])
            pieces.setdefault(word[end - 1])
    pieces = sorted(pieces, key=lambda piece: (len(piece) == 1, -len(piece), piece))
    tokens = [*controls, *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    kinds = [UNKNOWN if token == "<unk>" else CONTROL for token in controls]
    kinds += [BYTE] * 256 + [NORMAL] * len(pieces)
    scores = [0.0] * (len(controls) + 256) + [-float(i) for i in range(len(pieces))]
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(controls.index("<s>" if "<s>" in controls else "<bos>"))
    writer.add_eos_token_id(controls.index("</s>" if "</s>" in controls else "<eos>"))
    writer.add_unk_token_id(controls.index("<unk>"))
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix("<s>" in controls)
    writer.add_chat_template(template)
    return len(tokens)


def llama2(writer):
    return sentencepiece(
        writer, ["<unk>", "<s>", "</s>"],
        "{% if messages[0]['role'] == 'system' %}"
        "{% set system = '<<SYS>>\n' + messages[0]['content'] + '\n<</SYS>>\n\n' %}"
        "{% set messages = messages[1:] %}{% else %}{% set system = '' %}{% endif %}"
        "{% for message in messages %}{% if message['role'] == 'user' %}"
        "{{ bos_token + '[INST] ' + ((system if loop.first else '') + message['content']).strip() "
        "+ ' [/INST]' }}"
        "{% else %}{{ ' ' + message['content'].strip() + ' ' + eos_token }}{% endif %}{% endfor %}")


def gemma(writer):
    size = sentencepiece(
        writer, ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"],
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
        "{% set first_user_prefix = messages[0]['content'] + '\n\n' %}"
        "{% set messages = messages[1:] %}{% else %}{% set first_user_prefix = '' %}{% endif %}"
        "{% for message in messages %}{{ '<start_of_turn>' + "
        "('model' if message['role'] == 'assistant' else message['role']) + '\n' + "
        "(first_user_prefix if loop.first else '') + message['content'].strip() + "
        "'<end_of_turn>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}")
    writer.add_eot_token_id(5)
    return size


VOCABULARIES = {"chatml": chatml, "llama2": llama2, "gemma": gemma}


def main():
    parser = argparse.ArgumentParser(description=re.split("\n\n", __doc__)[0])
    parser.add_argument("name", nargs="?", choices=TINY_MODELS)
    parser.add_argument("out", nargs="?")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--list", action="store_true", help="the names, one a line")
    args = parser.parse_args()
    if args.list:
        print(*TINY_MODELS, sep="\n")
    elif not args.out:
        parser.error("NAME and OUT.gguf are needed")
    else:
        write(args.out, TINY_MODELS[args.name], args.seed, args.context)


if __name__ == "__main__":
    main()
