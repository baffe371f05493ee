"""--kv and what belongs to it, as a user types it: caches on disk, traces, endless streams, errors."""

import json
import os
import stat

import pytest
from conftest import fail, succeed


@pytest.fixture
def arguments(tiny, document):
    return ["run", "-q", "-m", tiny("llama"), "-f", document, "-p", "What is there?", "-n", "20",
            "--ignore-eos"]


def figures(*arguments):
    return json.loads(succeed(*arguments, "--json"))


@pytest.mark.parametrize("size", ["0", "1", "300K", "1G"])
@pytest.mark.parametrize("kv", ["keep", "q4", "streaming(recent=100)"])
def test_a_cache_in_a_file_gives_the_same_text(arguments, kv, size):
    whole = figures(*arguments, "--kv", kv)
    partly = figures(*arguments, "--kv", kv, "--kv-ram", size)
    assert partly["text"] == whole["text"]
    assert whole["kv_file_bytes"] == 0
    assert (partly["kv_file_bytes"] > 0) == (size != "1G")
    assert partly["kv_resident_bytes"] <= (300_000 if size != "1G" else partly["kv_bytes"])


def test_a_trace_says_what_was_kept(arguments, tmp_path):
    path = tmp_path / "trace.jsonl"
    done = figures(*arguments, "--kv", "knorm(budget=80)", "-b", "64", "--kv-trace", str(path))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines
    for line in lines:
        kept = sum(last - first + 1 for first, last in line["kept"])
        assert kept == 80 and line["kept"][-1][1] < line["tokens"]
    heads = {(line["layer"], line["head"]) for line in lines}
    assert len(heads) == sum(len(layer) for layer in done["kv_kept"])
    positions = done["prompt_tokens"] + done["completion_tokens"] - 1
    assert done["kv_evicted"] == sum(positions - kept for layer in done["kv_kept"] for kept in layer)


def test_a_trace_replaces_nothing_but_files(arguments, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        fail(1, *arguments, "--kv", "knorm(budget=80)", "--kv-trace", str(path))
    assert stat.S_ISFIFO(os.stat(pipe).st_mode)


def test_a_stream_by_position_outgrows_the_context(tiny):
    """The tiny model's context is 256 here; a policy that goes by position has no end."""
    model = tiny("llama", 256)
    stream = ["run", "-q", "-m", model, "-p", "once", "--raw", "--ignore-eos", "-n", "600"]
    assert figures(*stream)["stop_reason"] == "context_full"
    for kv in ("streaming(sinks=4, recent=100)", "fifo(budget=100)"):
        done = figures(*stream, "--kv", kv)
        assert done["completion_tokens"] == 600 and done["context"] is None
        assert max(max(layer) for layer in done["kv_kept"]) <= 104 + 3 * 64


def test_a_stream_that_sees_too_much_is_misuse(tiny):
    error = fail(2, "run", "-m", tiny("llama", 256), "-p", "once", "--kv", "streaming(sinks=4, recent=500)")
    assert error.startswith("fathom: --kv: streaming") and "504 tokens at once" in error


@pytest.mark.parametrize("flags, said", [
    (["--kv", "q5"], "q5"), (["--kv", "q4; q8"], "q8"), (["--kv", "snapkv"], "budget"),
    (["--kv", "h2o(budget=0)"], "budget"), (["--kv", "f32"], "f32"), (["--kv-split", "even"], "even"),
    (["--kv-ram", "much"], "much"),
    (["--kv", "knorm(budget=80)", "--attn", "topk_blocks"], "by content"),
])
def test_misuse_is_exit_code_2(arguments, flags, said):
    assert said in fail(2, *arguments, *flags)


def test_a_prompt_that_does_not_fit_may_be_streamed(tiny, document):
    prompt = ["run", "-q", "-m", tiny("llama", 256), "-f", document, "-n", "1"]
    error = fail(1, *prompt)
    assert "the context of 256" in error and "--kv streaming" in error
    succeed(*prompt, "--kv", "streaming(recent=200)")
