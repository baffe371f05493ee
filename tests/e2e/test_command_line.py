"""Help, version, exit codes, and the commands that look without running a model."""

import json
import os
import re
import subprocess

import pytest
import tiny_models
from conftest import command, fail, run, succeed

COMMANDS = ("run", "eval", "pull", "list", "info", "tokenize", "patterns")


def test_version():
    assert re.fullmatch(r"fathom \d+\.\d+\.\d+\n", succeed("--version"))


def test_help_lists_every_command():
    text = succeed("--help")
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", text, re.M)
    assert "Examples:" in text


@pytest.mark.parametrize("name", [*COMMANDS, "eval perplexity"])
def test_every_command_has_help(name):
    assert name.split()[-1] in succeed(*name.split(), "--help")


@pytest.mark.parametrize("arguments, culprit", [
    ([], "fathom --help"),
    (["dive"], "dive"),
    (["run"], "--model"),
    (["run", "-m", "MODEL", "-p", "x", "--colour"], "--colour"),
    (["run", "-m", "MODEL"], "nothing to read"),
    (["run", "-m", "MODEL", "-p", ""], "nothing to read"),
    (["run", "-m", "MODEL", "-p", "x", "-t", "0"], "--threads"),
    (["run", "-m", "MODEL", "-p", "x", "-t", "-3"], "--threads"),
    (["run", "-m", "MODEL", "-p", "x", "-t", "two"], "--threads"),
    (["run", "-m", "MODEL", "-p", "x", "-n", "-1"], "--predict"),
    (["run", "-m", "MODEL", "-p", "x", "-n", "99999999999999999999"], "--predict"),
    (["run", "-m", "MODEL", "-p", "x", "-s", "-1"], "--seed"),
    (["run", "-m", "MODEL", "-p", "x", "-b", "0"], "--chunk"),
    (["run", "-m", "MODEL", "-p", "x", "-c", "5000"], "5000"),
    (["run", "-m", "MODEL", "-p", "x", "--temp", "-1"], "temperature"),
    (["run", "-m", "MODEL", "-p", "x", "--temp", "nan"], "temperature"),
    (["run", "-m", "MODEL", "-p", "x", "--top-p", "1.5"], "top_p"),
    (["run", "-m", "MODEL", "-p", "x", "--top-k", "-1"], "top_k"),
    (["run", "-m", "MODEL", "-p", "x", "--min-p", "2"], "min_p"),
    (["run", "-m", "MODEL", "-p", "x", "--repeat-penalty", "0"], "penalty"),
    (["run", "-m", "MODEL", "-p", "x", "--stop", ""], "--stop"),
    (["run", "-m", "MODEL", "-p", "x", "--isa", "sse2"], "avx2"),
    (["run", "-m", "MODEL", "-p", "x", "--precision", "f8"], "--precision"),
    (["run", "-m", "MODEL", "-p", "x", "--chat-template", "vicuna"], "chatml"),
    (["run", "-m", "MODEL", "-p", "x", "--chat-template", "chatml", "--raw"], "--raw"),
    (["run", "-m", "MODEL", "-p", "x", "--attn", "fulll"], "full"),
    (["run", "-m", "MODEL", "-p", "x", "--attn", "window"], "size"),
    (["run", "-m", "MODEL", "-p", "x", "--attn", "window(size=0)"], "size"),
    (["run", "-m", "MODEL", "-p", "x", "--attn", "window(size=8"], "^"),
    (["run", "-m", "MODEL", "-f", "-", "-f", "-"], "standard input"),
    (["run", "-m", "MODEL", "-f", "-"], "empty"),
    (["run", "-m", "MODEL", "-p", b"caf\xe9"], "byte 3"),
    (["eval"], "eval --help"),
    (["eval", "perplexity", "-m", "MODEL"], "--file"),
    (["tokenize", "-m", "MODEL"], "tokenize --help"),
    (["pull"], "pull --help"),
    (["pull", "gpt-5"], "smollm2-135m"),
])
def test_misuse_is_exit_code_2(tiny, arguments, culprit):
    arguments = [tiny("llama") if argument == "MODEL" else argument for argument in arguments]
    assert culprit in fail(2, *[a.decode(errors="surrogateescape") if isinstance(a, bytes) else a
                                for a in arguments])


@pytest.mark.parametrize("model, culprit", [
    ("no/such.gguf", "no/such.gguf"),
    ("smollm9", "smollm2-135m"),
    (".", "folder"),
    ("/dev/null", "/dev/null"),
    ("", "''"),
])
@pytest.mark.parametrize("name", ["run", "info", "tokenize"])
def test_missing_model_is_exit_code_1(name, model, culprit):
    prompt = [] if name == "info" else ["-p", "x"]
    assert culprit in fail(1, name, "-m", model, *prompt)


def test_known_model_that_was_not_pulled(tmp_path):
    error = fail(1, "info", "-m", "gemma3-270m", env={"FATHOM_HOME": str(tmp_path)})
    assert "fathom pull gemma3-270m" in error


def test_flags_from_the_environment(tiny):
    env = {**os.environ, "FATHOM_MODEL": str(tiny("llama")), "FATHOM_THREADS": "2",
           "FATHOM_ISA": "portable"}
    figures = json.loads(succeed("run", "-p", "Hello", "-n", "1", "--json", "-t", "1", env=env))
    assert (figures["threads"], figures["isa"]) == (1, "portable"), "a flag wins"


def test_list(tmp_path):
    env = {"FATHOM_HOME": str(tmp_path)}
    models = json.loads(succeed("list", "--json", env=env))
    assert {m["name"]: m["pulled"] for m in models} == {"smollm2-135m": False, "gemma3-270m": False}
    text = succeed("list", env=env)
    assert "smollm2-135m" in text and str(tmp_path) in text
    assert "HOME" in fail(1, "list", env={"PATH": "/usr/bin"})


def test_patterns():
    text = succeed("patterns")
    assert re.search(r"^full: ", text, re.M) and re.search(r"^window: .*\n  size: ", text, re.M)


@pytest.mark.parametrize("name", tiny_models.TINY_MODELS)
def test_info_of_every_tiny_model(tiny, name):
    facts = json.loads(succeed("info", "-m", tiny(name), "--json"))
    made = tiny_models.TINY_MODELS[name]
    assert facts["architecture"] == made.architecture
    assert facts["layers"] == made.layers and facts["width"] == made.width
    assert facts["heads"] == made.heads and facts["kv_heads"] == made.kv_heads
    assert facts["head_size"] == made.head_dim
    assert facts["trained_context"] == 4096 and facts["rope_base"] == made.rope_base
    assert facts["window"] == made.window
    assert bool(facts["windowed_layers"]) == bool(made.window)
    per_token = 2 * 2 * made.layers * made.kv_heads * made.head_dim
    assert facts["kv_bytes_per_token"] == per_token
    assert facts["kv_bytes_at_trained_context"] == per_token * 4096
    windowed = len(facts["windowed_layers"]) / made.layers
    within = per_token * (4096 * (1 - windowed) + (made.window or 0) * windowed)
    assert facts["kv_bytes_within_windows"] == pytest.approx(within)
    assert facts["file_bytes"] == tiny(name).stat().st_size
    assert facts["chat_template"] in ("chatml", "llama2", "gemma")
    assert sum(facts["tensor_types"].values()) > 0
    text = succeed("info", "-m", tiny(name))
    for label in ("trained context", "kv bytes per token", "rope base"):
        assert re.search(rf"^{label} +\S", text, re.M)


def test_tokenize(tiny, document):
    by_file = json.loads(succeed("tokenize", "-m", tiny("llama"), "-f", document, "--json"))
    text = document.read_text()
    by_text = json.loads(succeed("tokenize", "-m", tiny("llama"), "-p", text, "--json"))
    by_stdin = json.loads(
        succeed("tokenize", "-m", tiny("llama"), "-f", "-", "--json", input=text.encode()))
    assert by_file == by_text == by_stdin
    assert by_file["count"] == len(by_file["tokens"]) > 100
    lines = succeed("tokenize", "-m", tiny("llama"), "-f", document).splitlines()
    assert lines[0] == f"{by_file['count']} tokens"
    assert list(map(int, lines[1].split())) == by_file["tokens"]


def test_output_that_cannot_be_written_is_an_error(tiny):
    for arguments in (["list"], ["patterns"], ["info", "-m", tiny("llama")],
                      ["run", "-m", tiny("llama"), "-p", "Hello", "-n", "3", "-q"],
                      ["run", "-m", tiny("llama"), "-p", "Hello", "-n", "3", "-q", "--json"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(command(*arguments), stdout=full, stderr=subprocess.PIPE,
                                  timeout=300, check=False)
        assert done.returncode == 1 and b"standard output" in done.stderr, arguments


def test_closed_pipe_ends_quietly(tiny):
    with subprocess.Popen(command("run", "-m", tiny("llama"), "-p", "Hello", "-n", "2000", "-q"),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        program.stdout.read(1)
        program.stdout.close()
        assert program.stderr.read() == b""
        assert program.wait(timeout=300) != 0


def test_perplexity(tiny, document):
    figures = json.loads(succeed("eval", "perplexity", "-m", tiny("llama"), "-f", document,
                                 "--window", "128", "--json"))
    assert figures["perplexity"] > 1 and figures["window"] == 128
    text = succeed("eval", "perplexity", "-m", tiny("llama"), "-f", document, "--window", "128")
    assert re.search(r"^perplexity: \d", text, re.M)
    error = fail(1, "eval", "perplexity", "-m", tiny("llama"), "-f", document)
    assert "2048" in error
    assert run("eval", "perplexity", "-m", tiny("llama"), "-f", "no.txt").returncode == 1
