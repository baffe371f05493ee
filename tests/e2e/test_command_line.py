"""Help, version, exit codes, and the commands that look without running a model."""

import json
import os
import re
import signal
import subprocess

import pytest
import tiny_models
from conftest import command, fail, run, succeed

COMMANDS = ("run", "eval", "report", "bench", "cache", "pull", "list", "info", "tokenize", "patterns",
            "pattern", "policies", "rope")


def test_version():
    assert re.fullmatch(r"fathom \d+\.\d+\.\d+\n", succeed("--version"))


def test_help_lists_every_command():
    text = succeed("--help")
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", text, re.M)
    assert "Examples:" in text
    assert "report.txt" not in succeed("list", "--help") + succeed("eval", "--help")
    assert " ..." not in succeed("run", "--help")


@pytest.mark.parametrize("name", [*COMMANDS, "eval perplexity"])
def test_every_command_has_help(name):
    assert name.split()[-1] in succeed(*name.split(), "--help")


@pytest.mark.parametrize("arguments, culprit", [
    ([], "fathom --help"),
    (["dive"], "no command 'dive'; commands: " + ", ".join(COMMANDS)),
    (["eval", "dive"], "no task 'dive'; tasks: agreement, "),
    (["eval", "perplexity", "-m", "MODEL", "-f", "FILE", "--window", "4097"],
     "--lengths 4097: the model was trained for 4096"),
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
    (["run", "-m", "MODEL", "-p", "x", "-c", "5000"], "-c 5000: the model was trained for 4096"),
    (["run", "-m", "MODEL", "-p", "x", "--temp", "-1"], "--temp: '-1'"),
    (["run", "-m", "MODEL", "-p", "x", "--temp", "nan"], "--temp: 'nan'"),
    (["run", "-m", "MODEL", "-p", "x", "--top-p", "1.5"], "--top-p: '1.5'"),
    (["run", "-m", "MODEL", "-p", "x", "--top-p", "0"], "--top-p: '0'"),
    (["run", "-m", "MODEL", "-p", "x", "--top-k", "-1"], "--top-k: '-1'"),
    (["run", "-m", "MODEL", "-p", "x", "--top-k", "99999999999999999999"], "--top-k"),
    (["run", "-m", "MODEL", "-p", "x", "-n", "010"], "--predict"),
    (["run", "-m", "MODEL", "-p", "x", "--min-p", "2"], "--min-p: '2'"),
    (["run", "-m", "MODEL", "-p", "x", "--repeat-penalty", "0"], "--repeat-penalty: '0'"),
    (["run", "-m", "MODEL", "-p", "x", "--stop", ""], "--stop"),
    (["run", "-m", "MODEL", "-p", "x", "--stop", b"a\xe9"], "--stop: not UTF-8 at byte 1"),
    (["run", "-m", "MODEL", "-p", "x", "--isa", "sse2"], "avx2"),
    (["run", "-m", "MODEL", "-p", "x", "--precision", "f64"],
     "--precision: no 'f64': one of f32, bf16, int8, fast"),
    (["run", "-m", "MODEL", "-p", "x", "--precision", "0"], "--precision: no '0'"),
    (["run", "-m", "MODEL", "-p", "x", "--chat-template", "vicuna"], "chatml"),
    (["run", "-m", "MODEL", "-p", "x", "--chat-template", "chatml", "--raw"], "--raw"),
    (["run", "-m", "MODEL", "-p", "x", "--attn", "fulll"], "full"),
    (["run", "-m", "MODEL", "-p", "x", "--attn", "window"], "size"),
    (["run", "-m", "MODEL", "-p", "x", "--attn", "window(size=0)"], "size"),
    (["run", "-m", "MODEL", "-p", "x", "--attn", "window(size=8"], "^"),
    (["run", "-m", "MODEL", "-p", "x", "--attn", "0-3: full"], "--attn: no layer 3: the model has"),
    (["run", "-m", "MODEL", "-p", "x", "--attn", "heads 6: full"], "--attn: no head 6"),
    (["eval", "perplexity", "-m", "MODEL", "-f", "FILE", "--window", "4", "--attn", "3: full"],
     "--attn: no layer 3"),
    (["bench", "model", "-m", "MODEL", "--attn", "3: full"], "--attn: no layer 3"),
    (["bench", "attention", "--attn", "even: full"], "--attn: no pattern 'even'"),
    (["run", "-m", "MODEL", "-f", "-", "-f", "-"], "standard input"),
    (["run", "-m", "MODEL", "-f", "-"], "empty"),
    (["run", "-m", "MODEL", "-p", b"caf\xe9"], "byte 3"),
    (["run", "-m", "MODEL", "-f", "", "-p", "x"], "--file: '' names no file"),
    (["eval", "perplexity", "-m", "MODEL", "-f", ""], "--file: '' names no file"),
    (["tokenize", "-m", "MODEL", "-f", ""], "--file: '' names no file"),
    (["eval"], "eval --help"),
    (["eval", "perplexity", "-m", "MODEL"], "--file"),
    (["tokenize", "-m", "MODEL"], "tokenize --help"),
    (["pull"], "pull --help"),
    (["pull", "gpt-5"], "smollm2-135m"),
])
def test_misuse_is_exit_code_2(tiny, document, arguments, culprit):
    files = {"MODEL": tiny("llama"), "FILE": document}
    arguments = [files.get(argument, argument) for argument in arguments]
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
    for arguments in (["--help"], ["run", "--help"], ["--version"], ["list"], ["patterns"],
                      ["info", "-m", tiny("llama")], ["pattern", "full"], ["pattern", "full", "--json"],
                      ["run", "-m", tiny("llama"), "-p", "Hello", "-n", "3", "-q"],
                      ["run", "-m", tiny("llama"), "-p", "Hello", "-n", "3", "-q", "--json"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(command(*arguments), stdout=full, stderr=subprocess.PIPE,
                                  timeout=300, check=False)
        assert done.returncode == 1 and b"standard output" in done.stderr, arguments


def test_closed_standard_streams_are_not_taken_by_files(tiny, tmp_path):
    """What a pull opens must not get the number of a stream that messages go to."""
    script = tmp_path / "python3"
    script.write_text(f"#!/bin/sh\nreadlink /proc/$PPID/fd/[012] >{tmp_path}/streams\nexit 1\n")
    script.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "FATHOM_HOME": str(tmp_path / "home")}

    def in_shell(redirections, *arguments):
        shell = ["sh", "-c", f'exec "$@" {redirections}', "sh", *command(*arguments)]
        return subprocess.run(shell, capture_output=True, env=env, timeout=300, check=False)

    assert in_shell("<&- >&- 2>&-", "pull", "smollm2-135m").returncode == 1
    assert (tmp_path / "streams").read_text() == "/dev/null\n" * 3
    done = in_shell(">&-", "list")
    assert done.returncode == 1 and b"standard output" in done.stderr
    done = in_shell("<&-", "tokenize", "-m", tiny("llama"), "-f", "-")
    assert done.returncode == 1 and b"standard input" in done.stderr


def test_closed_pipe_ends_quietly(tiny):
    with subprocess.Popen(command("run", "-m", tiny("llama"), "-p", "Hello", "-n", "2000", "-q"),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        program.stdout.read(1)
        program.stdout.close()
        assert program.stderr.read() == b""
        assert program.wait(timeout=300) == -signal.SIGPIPE


def test_perplexity(tiny, document):
    def row(*flags):
        printed = json.loads(succeed("eval", "perplexity", "-m", tiny("llama"), "-f", document,
                                     *flags, "--json"))
        return printed["results"][0]

    figures = row("--window", "128")
    assert figures["perplexity"] > 1 and figures["length"] == 128
    assert figures["pairs_scored"] == 1 and "mass_kept" not in figures
    figures = row("--window", "300", "--attn", "window(size=64)")
    assert figures["pairs_scored"] == pytest.approx((32 * 65 + 235 * 64) / (299 * 150))
    assert 0 < figures["mass_kept"] < 1
    text = succeed("eval", "perplexity", "-m", tiny("llama"), "-f", document, "--window", "128")
    assert re.search(r"^128 .* full +\d", text, re.M)
    error = fail(1, "eval", "perplexity", "-m", tiny("llama"), "-f", document)
    assert "2048" in error and str(document) in error
    error = fail(1, "eval", "perplexity", "-m", "no/such.gguf", "-f", "/bin/ls")
    assert "/bin/ls: not UTF-8 at byte" in error, "before the model is looked for"
    assert run("eval", "perplexity", "-m", tiny("llama"), "-f", "no.txt").returncode == 1
