"""--rope: tables against numpy, from the papers' formulas, through `fathom rope --json`; logits of
whole models against the oracle whose frequencies are scaled so."""

import json
import os
import subprocess

import conftest
import forward
import numpy as np
import pytest
import rope_oracle
import tiny_models
from test_logits_tiny import tolerance, worst_error

FATHOM = os.path.join(os.environ.get("FATHOM_BUILD", "build"), "fathom")
TRAINED = 4096

LISTS = {"short": np.linspace(1, 2, 16).round(3).tolist(), "long": np.linspace(1, 9, 16).tolist()}


def spec(kind, parameters):
    text = ", ".join(f"{name}={value}" for name, value in parameters.items())
    return f"{kind}({text})" if text else kind


# Kind, parameters, context.
CASES = [
    ("none", {}, 4096), ("none", {}, 9000),
    ("linear", {"factor": 4}, 16384), ("linear", {"factor": 1.25}, 4096), ("linear", {}, 10000),
    ("linear", {}, 1000),
    ("ntk", {"factor": 8}, 32768), ("ntk", {}, 6000),
    ("dynamic_ntk", {"factor": 2}, 16384), ("dynamic_ntk", {}, 5000), ("dynamic_ntk", {}, 4096),
    ("dynamic_ntk", {"factor": 4}, 100),
    ("yarn", {"factor": 4}, 16384), ("yarn", {}, 40000), ("yarn", {"factor": 1}, 4096),
    ("yarn", {"factor": 16, "beta_fast": 8, "beta_slow": 2.5, "attn_factor": 0.75}, 65536),
    ("yarn", {"factor": 3, "beta_fast": 1000, "beta_slow": 0.001}, 10000),
    ("llama3", {"factor": 8}, 32768), ("llama3", {}, 9999),
    ("llama3", {"factor": 8, "low": 1, "high": 4, "original": 8192}, 65536),
    ("llama3", {"factor": 5, "low": 0.5, "high": 20, "original": 300}, 4096),
    ("longrope", LISTS, 4096), ("longrope", LISTS, 4097), ("longrope", LISTS, 50000),
    ("longrope", {**LISTS, "attn_factor": 1.5}, 50000),
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rope")

    def path_of(name):
        path = folder / f"{name}.gguf"
        if not path.exists():
            tiny_models.write(path, tiny_models.TINY_MODELS[name], context=TRAINED)
        return str(path)

    return path_of


def table(path, rope, context):
    done = subprocess.run([FATHOM, "rope", "-m", path, "--rope", rope, "-c", str(context), "--json"],
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def check(kind, frequencies, magnitude):
    np.testing.assert_allclose([pair["frequency"] for pair in kind["pairs"]], frequencies, rtol=1e-6)
    np.testing.assert_allclose([pair["wavelength"] for pair in kind["pairs"]],
                               2 * np.pi / frequencies, rtol=1e-6)
    assert kind["magnitude"] == pytest.approx(magnitude, rel=1e-6)


def scaled(kind, parameters, context):
    """What forward.Model calls with a head's size, base and original context."""

    def rope(d, base, original):
        given = dict(parameters)
        return rope_oracle.SCALINGS[kind](d, base, given.pop("original", original), context, **given)

    return rope


@pytest.mark.parametrize("kind, parameters, context", CASES,
                         ids=[f"{kind}-{context}-{i}" for i, (kind, _, context) in enumerate(CASES)])
def test_tables(tiny, kind, parameters, context):
    shown = table(tiny("llama"), spec(kind, parameters), context)
    assert [layers["layers"] for layers in shown["kinds"]] == [[0, 1, 2]]
    check(shown["kinds"][0], *scaled(kind, parameters, context)(32, 10000, TRAINED))
    first = shown["kinds"][0]["pairs"][0]
    assert first["wavelength_unscaled"] == pytest.approx(2 * np.pi)
    assert first["turns_in_training"] == pytest.approx(TRAINED / (2 * np.pi))
    assert first["factor"] == pytest.approx(first["wavelength"] / first["wavelength_unscaled"])


@pytest.mark.parametrize("base, original, d", [(10000, 2048, 128), (1e6, 32768, 128), (5e5, 8192, 64)])
def test_the_oracle_is_what_is_published(base, original, d):
    """Figures of the papers: NTK's slowest pair is interpolated by the factor, its fastest not at
    all; YaRN leaves the fast pairs alone and interpolates the slow ones."""
    plain = rope_oracle.none(d, base, original, original)[0]
    ntk = rope_oracle.ntk(d, base, original, 4 * original)[0]
    assert ntk[0] == plain[0] and ntk[-1] == pytest.approx(plain[-1] / 4)
    yarn, magnitude = rope_oracle.yarn(d, base, original, 4 * original)
    turns = original * plain / (2 * np.pi)
    assert np.array_equal(yarn[turns > 40], plain[turns > 40])
    assert yarn[turns < 0.8] == pytest.approx(plain[turns < 0.8] / 4)
    assert magnitude == pytest.approx(1.1386294)


def test_windowed_layers_keep_their_own(tiny):
    """Gemma's global layers alone are scaled; a user's factor stands in the place of the file's 8,
    which led from 512 tokens to 4096."""
    for rope, (frequencies, magnitude) in {
        "auto": rope_oracle.linear(80, 1e6, 512, TRAINED, 8),
        "yarn(factor=16)": rope_oracle.yarn(80, 1e6, 512, TRAINED, 16),
        "none": rope_oracle.none(80, 1e6, 512, TRAINED),
    }.items():
        windowed, of_all = table(tiny("gemma3"), rope, TRAINED)["kinds"]
        assert windowed["window"] == 8 and windowed["layers"] == [0, 1, 2, 3, 4, 6]
        check(windowed, *rope_oracle.none(80, 10000, TRAINED, TRAINED))
        assert of_all["window"] is None and of_all["layers"] == [5]
        check(of_all, frequencies, magnitude)


def test_what_files_say(tiny):
    plain, _ = rope_oracle.none(64, 500000, TRAINED, TRAINED)
    kind, = table(tiny("llama_factors"), "auto", TRAINED)["kinds"]
    divisors = np.linspace(1, 8, 32).astype(np.float32)
    check(kind, plain / divisors, 1)
    kind, = table(tiny("llama_factors"), "self_extend", 2 * TRAINED)["kinds"]
    check(kind, plain / divisors, 1)
    kind, = table(tiny("llama_factors"), "yarn(factor=2)", 2 * TRAINED)["kinds"]
    yarn, magnitude = rope_oracle.yarn(64, 500000, TRAINED, 2 * TRAINED, 2)
    check(kind, yarn / divisors, magnitude)
    kind, = table(tiny("llama_factors"), "none", TRAINED)["kinds"]
    check(kind, plain, 1)
    kind, = table(tiny("qwen2_yarn"), "auto", TRAINED)["kinds"]
    check(kind, *rope_oracle.yarn(64, 1e6, 64, TRAINED, 4))
    for context, factors in ((1024, np.linspace(1, 1.5, 16)), (1025, np.linspace(1, 30, 16))):
        kind, = table(tiny("llama_longrope"), "auto", context)["kinds"]
        factors = factors.astype(np.float32)
        check(kind, *rope_oracle.longrope(32, 10000, 1024, context, factors, factors, 1.25))
        kind, = table(tiny("llama_longrope"), "longrope", context)["kinds"]
        check(kind, *rope_oracle.longrope(32, 10000, 1024, context, factors, factors, None, TRAINED))


LOGIT_CASES = [
    ("llama", "linear", {"factor": 4}), ("llama", "ntk", {"factor": 8}),
    ("llama", "dynamic_ntk", {}), ("llama", "yarn", {"factor": 4}),
    ("llama", "llama3", {"factor": 8, "original": 128}), ("llama", "longrope", LISTS),
    ("llama_factors", "none", {}), ("qwen2", "yarn", {"factor": 32, "attn_factor": 0.9}),
    ("qwen2_yarn", "yarn", {"factor": 64}), ("gemma3", "ntk", {"factor": 50}),
]


@pytest.mark.parametrize("name, kind, parameters", LOGIT_CASES,
                         ids=[f"{name}-{kind}" for name, kind, _ in LOGIT_CASES])
def test_logits(tiny, name, kind, parameters):
    """Far beyond what the text needs: what is scaled shows in the first 150 tokens."""
    path = tiny(name)
    context = 16384
    vocabulary = len(forward.Model(path).fields["tokenizer.ggml.tokens"].contents())
    tokens = np.random.default_rng(2).integers(0, vocabulary, 150)
    oracle = forward.logits(path, tokens, rope=scaled(kind, parameters, context))
    bound = tolerance(name, "f32")
    assert worst_error(forward.logits(path, tokens), oracle) > 10 * bound, "it changes nothing"
    for chunk in (512, 37):
        ours = conftest.fathom_logits(path, tokens, vocabulary, precision="f32", chunk=chunk,
                                      rope=spec(kind, parameters), context=context)
        assert worst_error(oracle, ours) <= bound, f"chunks of {chunk}"
