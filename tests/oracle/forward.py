"""An independent forward pass: token ids in, logits out, in double precision.

Written from the models' papers against numpy and PyPI's gguf, sharing nothing with Fathom, so that
the two can check each other. It is meant to be read beside the papers; nothing in it is fast.

    Llama     arXiv:2302.13971, 2407.21783    Mistral  arXiv:2310.06825
    Qwen2     arXiv:2407.10671                Qwen3    arXiv:2505.09388
    Gemma 3   arXiv:2503.19786                RoPE     arXiv:2104.09864    YaRN  arXiv:2309.00071

Shapes: n tokens, `width` of the residual stream, heads of `head_dim`. Matrices are [out, in].
"""

import functools
import math

import gguf
import numpy as np


class Model:
    """A GGUF file's metadata and tensors; each tensor is decoded to float64 when asked for. `rope`,
    if given, is what scales RoPE in place of the file's own: rope(d, base, original) -> frequencies
    and the factor on cos and sin, in the layers without a window. self_extend: (group, window) of
    these layers."""

    def __init__(self, path, rope=None, self_extend=None):
        self.rope = rope
        self.self_extend = self_extend
        reader = gguf.GGUFReader(path)
        self.fields = reader.fields
        self.tensors = {tensor.name: tensor for tensor in reader.tensors}
        self.architecture = self.fields["general.architecture"].contents()
        if self.architecture not in ("llama", "qwen2", "qwen3", "gemma3"):
            raise ValueError(f"no oracle for the architecture {self.architecture}")
        self.layers = self.get("block_count")
        self.width = self.get("embedding_length")
        self.heads = self.get("attention.head_count")
        self.kv_heads = self.get("attention.head_count_kv", self.heads)
        self.head_dim = self.get("attention.key_length", self.width // self.heads)
        self.norm_eps = self.get("attention.layer_norm_rms_epsilon")

    def get(self, key, default=None):
        field = self.fields.get(f"{self.architecture}.{key}")
        return default if field is None else field.contents()

    def tensor(self, name, rows=slice(None)):
        """The tensor, or some of its rows; None where the file has no such tensor."""
        tensor = self.tensors.get(name)
        if tensor is None:
            return None
        return gguf.quants.dequantize(tensor.data[rows], tensor.tensor_type).astype(np.float64)

    def is_gemma(self):
        return self.architecture == "gemma3"

    def window(self, layer):
        """How many positions back a query sees, itself included; None: all."""
        window = self.get("attention.sliding_window", 0)
        if not window or (self.is_gemma() and not self.is_windowed(layer)):
            return None
        return window

    def is_windowed(self, layer):
        """Gemma 3: five layers in six look through a window, the last of each six is global. Files
        may say another period, or list the windowed layers."""
        pattern = self.get("attention.sliding_window_pattern", 6)
        if isinstance(pattern, list):
            return bool(pattern[layer])
        return (layer + 1) % pattern != 0

    def attention_scale(self):
        # Gemma 3's 27B, and it alone, has query_pre_attn_scalar = width / heads. GGUF has no key
        # for it; the model is known by its 62 layers.
        if self.is_gemma() and self.layers == 62:
            return 1 / math.sqrt(self.width / self.heads)
        return 1 / math.sqrt(self.head_dim)


def rms_norm(x, weight, eps):
    # Gemma's norms multiply by 1 + weight; in GGUF files the 1 is already added.
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps) * weight


def silu(x):
    return x / (1 + np.exp(-x))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def rope_frequencies(model, layer):
    """Radians per position of each pair, and the factor on the rotated vector."""
    size = model.get("rope.dimension_count", model.head_dim)
    pair = np.arange(size // 2)
    base = model.get("rope.freq_base", 10000.0)
    if model.is_gemma() and model.window(layer):
        # Gemma 3's windowed layers keep the base of its short-context training, unscaled.
        return model.get("rope.freq_base_swa", 10000.0) ** (-2 * pair / size), 1.0
    if model.rope:
        linear = model.get("rope.scaling.factor", 1.0)
        trained = model.get("context_length")
        original = model.get("rope.scaling.original_context_length", trained / linear)
        return model.rope(size, base, original)
    frequencies = base ** (-2 * pair / size)
    if model.get("rope.scaling.type") == "longrope":
        original = model.get("rope.scaling.original_context_length")
        which = "long" if model.get("context_length") > original else "short"
        divisors = model.tensor(f"rope_factors_{which}.weight")
        return frequencies / divisors, model.get("rope.scaling.attn_factor", 1.0)
    if model.architecture == "llama" and (factors := model.tensor("rope_freqs.weight")) is not None:
        frequencies = frequencies / factors
    factor = model.get("rope.scaling.factor", 1.0)
    kind = model.get("rope.scaling.type", "linear")
    if kind == "linear":
        return frequencies / factor, 1.0
    if kind != "yarn":
        return frequencies, 1.0

    # YaRN, section 3.2: pairs that turn more than 32 times within the trained context keep their
    # frequency, those that turn less than once are interpolated, a linear ramp lies between.
    trained = model.get("rope.scaling.original_context_length", model.get("context_length"))

    def pair_that_turns(times):
        return size * math.log(trained / (times * 2 * math.pi)) / (2 * math.log(base))

    low = max(math.floor(pair_that_turns(32)), 0)
    high = min(math.ceil(pair_that_turns(1)), size - 1)
    interpolated = np.clip((pair - low) / max(high - low, 0.001), 0, 1)
    scaled = frequencies / factor * interpolated + frequencies * (1 - interpolated)
    return scaled, 1 + 0.1 * math.log(factor)


def rope(x, positions, model, layer):
    """Turns each pair of elements of x, [n, heads, head_dim], by position * frequency."""
    frequencies, magnitude = rope_frequencies(model, layer)
    angles = positions[:, None, None] * frequencies
    cos, sin = magnitude * np.cos(angles), magnitude * np.sin(angles)
    pairs = len(frequencies)
    if model.architecture == "llama":  # pairs (0, 1), (2, 3), ...: GGUF permutes llama's q and k
        first, second = slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2)
    else:  # pairs (0, d/2), (1, d/2 + 1), ...
        first, second = slice(0, pairs), slice(pairs, 2 * pairs)
    out = x.copy()
    out[..., first] = x[..., first] * cos - x[..., second] * sin
    out[..., second] = x[..., first] * sin + x[..., second] * cos
    return out


def attention(queries, keys, values, positions, window, scale, sees=None, block=256):
    """[n, heads, d], [n, kv_heads, d] twice -> [n, heads, d]; causal. `block` queries at a time.
    sees(head, query positions, key positions), if given, says what is visible in the window's place."""
    n, heads, _ = queries.shape
    group = heads // keys.shape[1]
    out = np.empty_like(queries)
    for start in range(0, n, block):
        rows = slice(start, min(start + block, n))
        distance = positions[rows, None] - positions[None, :]
        causal = distance >= 0
        for head in range(heads):
            scores = scale * queries[rows, head] @ keys[:, head // group].T
            visible = causal
            if sees is not None:
                visible = causal & sees(head, positions[rows, None], positions[None, :])
            elif window is not None:
                visible = causal & (distance < window)
            scores[~visible] = -np.inf
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            out[rows, head] = scores @ values[:, head // group]
            out[rows, head] /= scores.sum(axis=1, keepdims=True)
    return out


def streaming_attention(queries, keys, values, window, scale, turn, sinks, recent):
    """StreamingLLM (arXiv:2309.17453, section 3.2) to the letter: queries and keys come before RoPE,
    and for every query the keys that the cache holds are turned by where they stand in it."""
    n, heads, _ = queries.shape
    group = heads // keys.shape[1]
    out = np.empty_like(queries)
    for q in range(n):
        held = np.array([k for k in range(q + 1) if k < sinks or q - k < recent])
        places = np.arange(len(held))
        turned = turn(keys[held], places)
        query = turn(queries[q : q + 1], places[-1:])[0]
        seen = np.ones(len(held), bool) if window is None else q - held < window
        for head in range(heads):
            scores = scale * turned[:, head // group] @ query[head]
            scores[~seen] = -np.inf
            weights = np.exp(scores - scores.max())
            out[q, head] = weights @ values[held, head // group] / weights.sum()
    return out


def extended_attention(queries, keys, values, positions, scale, turn, group, window, sees=None):
    """SelfExtend (arXiv:2401.01325, section 3.2, and its code), pair by pair: queries and keys come
    before RoPE; a key less than `window` back is met at its distance, others at grouped places."""
    n, heads, _ = queries.shape
    per_key = heads // keys.shape[1]
    near_queries, near_keys = turn(queries, positions), turn(keys, positions)
    far_queries = turn(queries, positions // group + window - window // group)
    far_keys = turn(keys, positions // group)
    distance = positions[:, None] - positions[None, :]
    out = np.empty_like(queries)
    for head in range(heads):
        kv_head = head // per_key
        near = near_queries[:, head] @ near_keys[:, kv_head].T
        far = far_queries[:, head] @ far_keys[:, kv_head].T
        scores = scale * np.where(distance < window, near, far)
        visible = distance >= 0
        if sees is not None:
            visible = visible & sees(head, positions[:, None], positions[None, :])
        scores[~visible] = -np.inf
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        out[:, head] = weights @ values[:, kv_head] / weights.sum(axis=1, keepdims=True)
    return out


def mixer(model, layer, x, positions, sees, streaming=None):
    """Self-attention of one layer: normed input in, what is added to the residual out."""
    block = f"blk.{layer}."

    def project(name, heads):
        y = x @ model.tensor(f"{block}attn_{name}.weight").T
        bias = model.tensor(f"{block}attn_{name}.bias")
        if bias is not None:
            y += bias
        return y.reshape(len(x), heads, -1)

    queries = project("q", model.heads)
    keys = project("k", model.kv_heads)
    values = project("v", model.kv_heads)
    if model.architecture in ("qwen3", "gemma3"):
        queries = rms_norm(queries, model.tensor(block + "attn_q_norm.weight"), model.norm_eps)
        keys = rms_norm(keys, model.tensor(block + "attn_k_norm.weight"), model.norm_eps)
    if streaming:
        mixed = streaming_attention(queries, keys, values, model.window(layer),
                                    model.attention_scale(),
                                    lambda rows, places: rope(rows, places, model, layer),
                                    *streaming)
        return mixed.reshape(len(x), -1) @ model.tensor(block + "attn_output.weight").T
    if model.self_extend and not model.window(layer):
        mixed = extended_attention(queries, keys, values, positions, model.attention_scale(),
                                   lambda rows, places: rope(rows, places, model, layer),
                                   *model.self_extend, sees and functools.partial(sees, layer))
        return mixed.reshape(len(x), -1) @ model.tensor(block + "attn_output.weight").T
    queries = rope(queries, positions, model, layer)
    keys = rope(keys, positions, model, layer)
    mixed = attention(queries, keys, values, positions, model.window(layer),
                      model.attention_scale(), sees and functools.partial(sees, layer))
    return mixed.reshape(len(x), -1) @ model.tensor(block + "attn_output.weight").T


def mlp(model, layer, x):
    block = f"blk.{layer}."
    gate = x @ model.tensor(block + "ffn_gate.weight").T
    up = x @ model.tensor(block + "ffn_up.weight").T
    activation = gelu_tanh if model.is_gemma() else silu
    return (activation(gate) * up) @ model.tensor(block + "ffn_down.weight").T


def final_state(model, tokens, positions=None, sees=None, streaming=None):
    """The residual stream behind the last norm, [n, width]."""
    positions = np.arange(len(tokens)) if positions is None else np.asarray(positions)

    def norm(x, name):
        return rms_norm(x, model.tensor(name + ".weight"), model.norm_eps)

    x = model.tensor("token_embd.weight", rows=np.asarray(tokens))
    if model.is_gemma():
        x = x * math.sqrt(model.width)
    for layer in range(model.layers):
        block = f"blk.{layer}."
        mixed = mixer(model, layer, norm(x, block + "attn_norm"), positions, sees, streaming)
        if model.is_gemma():
            mixed = norm(mixed, block + "post_attention_norm")
        x = x + mixed
        fed = mlp(model, layer, norm(x, block + "ffn_norm"))
        if model.is_gemma():
            fed = norm(fed, block + "post_ffw_norm")
        x = x + fed
    return norm(x, "output_norm")


def logit_blocks(path, tokens, positions=None, sees=None, block=64, streaming=None, **turns):
    """Yields (first, logits) with logits [<= block, vocabulary] of tokens first, first + 1, ...
    sees(layer, head, query positions, key positions), if given, says what queries see in the place
    of the layers' own windows. streaming: (sinks, recent) of a cache that holds no other tokens.
    turns: rope and self_extend, as Model has them."""
    model = Model(path, **turns)
    state = final_state(model, tokens, positions, sees, streaming)
    head = model.tensor("output.weight")
    if head is None:
        head = model.tensor("token_embd.weight")
    for first in range(0, len(state), block):
        yield first, state[first : first + block] @ head.T


def logits(path, tokens, positions=None, sees=None, streaming=None, **turns):
    """[n, vocabulary], float64. For a vocabulary of 262,144 use logit_blocks()."""
    blocks = logit_blocks(path, tokens, positions, sees, streaming=streaming, **turns)
    return np.concatenate([rows for _, rows in blocks])
