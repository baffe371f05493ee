"""fathom run and eval with the two real models."""

import json
import os
import pathlib
import re
import signal
import subprocess

import pytest
from conftest import BUILD, command, run, succeed

# 35 kB of English; on every Debian.
LICENSE = pathlib.Path("/usr/share/common-licenses/GPL-3")


def is_sanitized():
    cache = BUILD / "CMakeCache.txt"
    return cache.exists() and "FATHOM_SANITIZE:STRING=\n" not in cache.read_text()


def figures_of(*arguments):
    return json.loads(succeed("run", "--json", "-q", *arguments))


def excerpt(tmp_path, characters):
    path = tmp_path / "excerpt.txt"
    path.write_text(LICENSE.read_text()[:characters])
    return path


def test_names_and_paths_are_the_same_model():
    by_name = json.loads(succeed("info", "-m", "smollm2-135m", "--json"))
    assert json.loads(succeed("info", "-m", by_name["path"], "--json")) == by_name


def test_info_of_the_real_models():
    smollm = json.loads(succeed("info", "-m", "smollm2-135m", "--json"))
    assert smollm["trained_context"] == 8192 and smollm["chat_template"] == "chatml"
    assert smollm["kv_bytes_per_token"] == 30 * 2 * 3 * 64 * 2
    assert smollm["window"] is None and smollm["pre_tokenizer"] == "smollm"
    gemma = json.loads(succeed("info", "-m", "gemma3-270m", "--json"))
    assert gemma["trained_context"] == 32768 and gemma["chat_template"] == "none"
    assert gemma["window"] == 512 and len(gemma["windowed_layers"]) == 15
    assert gemma["rope_base"] == 1e6 and gemma["rope_base_windowed"] == 1e4
    assert gemma["kv_bytes_within_windows"] < gemma["kv_bytes_at_trained_context"] / 5


def test_answers_from_a_document(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text(
        LICENSE.read_text()[:6000] + "\n\nNote: the name of the captain of the ship is Wellington.\n\n"
        + LICENSE.read_text()[6000:9000])
    figures = figures_of("-m", "smollm2-135m", "-f", path, "-n", "40",
                         "-p", "What is the name of the captain of the ship?")
    assert "Wellington" in figures["text"]
    assert figures["stop_reason"] == "end_of_text"


def test_base_model_goes_on_with_the_text():
    figures = figures_of("-m", "gemma3-270m", "-p", "one two three four five six", "-n", "3")
    assert figures["text"] == " seven eight nine"
    assert figures["prompt_form"].startswith("plain text")
    assert figures["prompt_tokens"] == 7, "six words and the begin token"


def test_same_seed_same_text_whatever_the_threads(tmp_path):
    arguments = ["-m", "smollm2-135m", "-f", excerpt(tmp_path, 2000), "-p", "Summarise.",
                 "--temp", "1", "--top-p", "0.95", "-n", "40", "-s", "11"]
    texts = {figures_of(*arguments, "-t", threads)["text"] for threads in (1, 2, 3)}
    assert len(texts) == 1


def test_stop_string(tmp_path):
    arguments = ["-m", "smollm2-135m", "-f", excerpt(tmp_path, 1000), "-p", "What is this?"]
    text = figures_of(*arguments, "-n", "30")["text"]
    stop = text[10:14]
    stopped = figures_of(*arguments, "-n", "30", "--stop", stop)
    assert stopped["text"] == text[:text.index(stop)] and stopped["stop_reason"] == "stop_string"


def test_too_long_a_document_is_refused(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text(LICENSE.read_text() * 2)
    done = run("run", "-m", "smollm2-135m", "-f", path, "-p", "What?")
    assert done.returncode == 1 and done.stdout == b""
    error = done.stderr.decode()
    prompt = int(re.search(r"the prompt has (\d+) tokens", error)[1])
    assert prompt > 8192 and "8192" in error


@pytest.mark.skipif(is_sanitized(), reason="sanitizers hold on to freed memory")
def test_memory_follows_the_cache_alone(tmp_path):
    """Twice the prompt: the peak grows by the cache's growth and the text, nothing like n x n."""
    short = figures_of("-m", "smollm2-135m", "-f", excerpt(tmp_path, 12000), "-n", "1")
    long = figures_of("-m", "smollm2-135m", "-f", excerpt(tmp_path, 24000), "-n", "1")
    tokens = long["prompt_tokens"] - short["prompt_tokens"]
    assert tokens > 2000
    grown = long["peak_rss_bytes"] - short["peak_rss_bytes"]
    assert grown < (long["kv_bytes"] - short["kv_bytes"]) * 1.25 + (8 << 20)


def test_interrupt_during_prefill_and_answer(tmp_path):
    for wait_for, files in (("stderr", ["-f", LICENSE]), ("stdout", [])):
        with subprocess.Popen(
                command("run", "-m", "smollm2-135m", *files, "-p", "Tell me a very long story."),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
            first = os.read(getattr(program, wait_for).fileno(), 1)
            assert first
            program.send_signal(signal.SIGINT)
            output, error = program.communicate(timeout=120)
        assert program.returncode == 130
        assert b"cancelled" in error
        assert (output == b"") == (wait_for == "stderr")
        output.decode()


@pytest.mark.parametrize("name, low, high", [("smollm2-135m", 5, 20), ("gemma3-270m", 5, 25)])
def test_perplexity_is_sane(tmp_path, name, low, high):
    figures = json.loads(succeed("eval", "perplexity", "-m", name, "-f", excerpt(tmp_path, 9000),
                                 "--window", "512", "--json"))
    assert low < figures["results"][0]["perplexity"] < high
