"""--rope and `fathom rope` as a user types them: contexts, notes, errors, and what is kept on disk."""

import json
import os
import xml.etree.ElementTree as ElementTree

import pytest
from conftest import fail, run, succeed


@pytest.fixture
def long_text(tmp_path):
    """Some 3,000 tokens of a tiny model."""
    path = tmp_path / "long.txt"
    path.write_text("".join(f"{i} the captain said that the whale was there " for i in range(160)))
    return path


def figures(*arguments):
    """What a run prints as JSON, and what it says on standard error."""
    done = run("run", "--json", "--raw", "--ignore-eos", *arguments)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout), done.stderr.decode()


@pytest.mark.parametrize("rope, context, in_force", [
    ("dynamic_ntk", 2048, "ntk(factor=57)"), ("linear", 2048, "linear(factor=8)"),
    ("linear(factor=16)", 4096, "linear(factor=16)"), ("none", 2048, "none"),
    ("yarn", 2048, "yarn(factor=8, beta_fast=32, beta_slow=1)"),
])
def test_the_context_is_what_the_scaling_reaches_or_the_text_needs(tiny, long_text, rope, context,
                                                                    in_force):
    """Trained for 256 tokens; the text has between 1,024 and 2,048."""
    text = long_text.read_text()[:4000]
    long_text.write_text(text)
    done, said = figures("-m", tiny("llama", 256), "-f", long_text, "-n", "3", "--rope", rope)
    assert 1024 < done["prompt_tokens"] < 2000
    assert done["completion_tokens"] == 3
    assert (done["context"], done["rope"]) == (context, in_force)
    assert f"rope       {in_force}\n" in said


def test_a_short_text_is_read_as_trained(tiny):
    done, said = figures("-m", tiny("llama", 256), "-p", "once", "-n", "3", "--rope", "yarn")
    assert done["context"] == 256
    assert "note       --rope yarn" in said and "changes nothing within 256 tokens" in said
    plain, said = figures("-m", tiny("llama", 256), "-p", "once", "-n", "3")
    assert done["text"] == plain["text"] and plain["rope"] == "none" and "note" not in said


def test_notes(tiny):
    def notes(model, *flags):
        return figures("-m", model, "-p", "once", "-n", "1", *flags)[1]

    short = tiny("llama", 256)
    said = notes(short, "--rope", "linear(factor=2)", "-c", "1000")
    assert "--rope linear(factor=2) reaches 512 tokens, and the context is 1000" in said
    assert "reaches 256 tokens" in notes(short, "--rope", "none", "-c", "1000")
    assert "changes nothing" in notes(short, "--rope", "linear(factor=1)")
    assert "changes nothing" in notes(tiny("llama_linear"), "--rope", "linear(factor=4)")
    assert "changes nothing" not in notes(tiny("llama_linear"), "--rope", "linear(factor=5)")
    assert "look through windows" in notes(tiny("mistral"), "--rope", "linear(factor=4)")


def test_longer_than_trained_is_refused_with_advice(tiny, long_text):
    error = fail(2, "run", "-m", tiny("llama", 256), "-p", "once", "-c", "1000")
    assert "-c 1000: the model was trained for 256 tokens" in error
    assert "--rope 'ntk(factor=4)' or 'yarn(factor=4)'" in error
    error = fail(1, "run", "-q", "-m", tiny("llama", 256), "-f", long_text, "-p", "once")
    assert "context of 256" in error and "--rope 'ntk(factor=" in error
    factor = error.split("yarn(factor=")[1].split(")")[0]
    figures("-m", tiny("llama", 256), "-f", long_text, "-p", "once", "-n", "1",
            "--rope", f"yarn(factor={factor})")


def test_a_context_that_is_too_small_is_raised_as_far_as_the_scaling_reaches(tiny, long_text):
    run = ["run", "-q", "-m", tiny("llama", 256), "-f", long_text, "-c", "300"]
    assert "-c, up to the model's 8192;" in fail(1, *run, "--rope", "linear(factor=32)")
    assert "raise it with -c;" in fail(1, *run, "--rope", "dynamic_ntk")


@pytest.mark.parametrize("rope, said", [
    ("lnear", "no scaling 'lnear': one of auto, none, linear(factor)"), ("", "expected a scaling"),
    ("linear(factor=0)", "factor must be at least 1"), ("linear(factor=0.5)", "at least 1"),
    ("linear(factor=1e300)", "factor must be at most 1e+12"),
    ("linear(factor=x)", "factor must be a number"), ("linear(factor=nan)", "must be a number"),
    ("linear(scale=2)", "no parameter 'scale'"), ("linear(factor=2", "')'"),
    ("linear(factor=2) x", "the end"), ("yarn(beta_fast=1, beta_slow=2)", "beta_fast must be above"),
    ("yarn(attn_factor=0)", "attn_factor"), ("llama3(low=4, high=4)", "high must be above low"),
    ("llama3(original=0)", "original must be an integer of at least 1"),
    ("longrope", "rope_factors_short.weight"), ("longrope(short=[1], long=[1])", "16 pairs"),
    ("longrope(short=[1, x])", "short must be a list of numbers"),
    ("longrope(short=[0])", "numbers over 0"), ("self_extend(group=0)", "group must be an integer"),
    ("self_extend(window=4096)", "must be below the 4096"),
])
def test_misuse_is_exit_code_2(tiny, rope, said):
    for command in (["run", "-p", "x"], ["rope"]):
        error = fail(2, *command, "-m", tiny("llama"), "--rope", rope)
        assert "--rope: " in error and said in error


def test_rope_draws_and_lists(tiny, tmp_path):
    svg = tmp_path / "rope.svg"
    text = succeed("rope", "-m", tiny("gemma3"), "--rope", "yarn(factor=16)", "--svg", svg)
    assert "yarn(factor=16, beta_fast=32, beta_slow=1), reaches 8 192 tokens" in text
    assert "windows of 8 tokens: layers 0-4, 6" in text and "global: layers 5" in text
    assert len([line for line in text.splitlines() if line.split()[:1] == ["39"]]) == 2
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    assert "-c 5000" in fail(2, "rope", "-m", tiny("llama"), "-c", "5000")
    assert "no/such" in fail(1, "rope", "-m", "no/such.gguf")
    assert str(tmp_path) in fail(1, "rope", "-m", tiny("llama"), "--svg", tmp_path)


def test_self_extend(tiny, long_text):
    """Trained for 256 tokens: a group of 16 reaches (256 - 64) 16 + 64."""
    long_text.write_text(long_text.read_text()[:4000])
    model = ["-m", tiny("llama", 256), "-f", long_text, "-n", "3"]
    rope = ["--rope", "self_extend(group=16, window=64)"]
    done, said = figures(*model, *rope)
    assert done["context"] == 3136 and done["completion_tokens"] == 3 and "note" not in said
    assert done["rope"] == "self_extend(group=16, window=64)" and done["mass_kept"] is None
    both = figures(*model, *rope, "--kv", "q4", "--attn", "window(size=300) | sinks")[0]
    assert both["context"] == 3136
    for flags, wrong in ((["--kv", "snapkv(budget=90)"], "take --kv keep"),
                         (["--attn", "topk_blocks"], "take a pattern that positions settle")):
        error = fail(2, "run", *model, *rope, *flags)
        assert "--rope: self_extend" in error and wrong in error
    said = figures(*model, "--rope", "self_extend(group=2, window=64)", "-c", "3000")[1]
    assert "reaches 448 tokens, and the context is 3000" in said


def test_info_says_what_the_file_has(tiny):
    def scaling(name):
        return json.loads(succeed("info", "-m", tiny(name), "--json"))["rope_scaling"]

    assert scaling("llama") == "none" and scaling("llama_linear") == "linear(factor=4)"
    assert scaling("llama_factors") == "none, and rope_freqs.weight"
    assert scaling("qwen2_yarn").startswith("yarn(factor=4")
    assert scaling("llama_longrope") == "longrope(attn_factor=1.25)"


def test_a_text_is_kept_for_one_rope_alone(tiny, long_text, tmp_path):
    env = {name: value for name, value in os.environ.items() if name != "FATHOM_CACHE_LIMIT"}
    env |= {"FATHOM_HOME": str(tmp_path / "home")}

    def ask(*flags):
        done = json.loads(succeed("run", "--json", "--raw", "-m", tiny("llama"), "-f", long_text,
                                  "-n", "4", "--ignore-eos", *flags, env=env))
        return done["text"], done["cached_tokens"]

    assert ask()[1] == 0 and ask()[1] > 0
    assert ask("--rope", "none")[1] > 0, "it is what the file says"
    scaled, cached = ask("--rope", "linear(factor=3)")
    assert cached == 0
    again, cached = ask("--rope", "linear(factor=3)")
    assert cached > 0 and again == scaled
    assert ask("--rope", "linear(factor=3.5)")[1] == 0
    assert ask("--rope", "linear", "-c", "12288")[1] > 0, "which is a factor of 3"
    assert ask("--rope", "dynamic_ntk", "-c", "8192")[1] == 0
    assert ask("--rope", "dynamic_ntk", "-c", "16384")[1] == 0, "of another context"
    assert ask("--rope", "dynamic_ntk", "-c", "8192")[1] > 0
