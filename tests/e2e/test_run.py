"""fathom run on tiny random models: prompts, refusals, figures, streaming, Ctrl-C."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import gguf
import pytest
import tiny_models
from conftest import command, fail, run, succeed
from test_wrong_models import drop_key, set_key, write_edited

KIND_STRING = gguf.GGUFValueType.STRING


def figures_of(*arguments, **options):
    return json.loads(succeed("run", "--json", "-q", *arguments, **options))


def tokens_of(model, text):
    return json.loads(succeed("tokenize", "-m", model, "-p", text, "--json"))["count"]


def test_json_has_every_figure(tiny, document):
    done = run("run", "-m", tiny("llama"), "-f", document, "-p", "What is there?", "-n", "8",
               "--json", "-t", "2", "-s", "5", "-c", "2000")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    kinds = {
        "text": str, "model": str, "attn": str, "prompt_tokens": int, "completion_tokens": int,
        "prefill_s": float, "prefill_tokens_per_s": float, "decode_tokens_per_s": float,
        "kv_bytes": int, "peak_rss_bytes": int, "threads": int, "isa": str, "seed": int,
        "precision": str, "stop_reason": str, "prompt_form": str, "context": int,
        "pairs_scored": float,
    }
    assert {key: type(figures[key]) for key in kinds} == kinds
    assert figures["model"] == str(tiny("llama")) and figures["attn"] == "model"
    assert (figures["threads"], figures["seed"], figures["context"]) == (2, 5, 2000)
    assert figures["prompt_form"] == "chatml" and figures["precision"] == "bf16"
    assert 0 < figures["completion_tokens"] <= 8
    assert figures["stop_reason"] in ("max_tokens", "end_of_text")
    made = tiny_models.TINY_MODELS["llama"]
    in_cache = figures["prompt_tokens"] + figures["completion_tokens"] - 1
    assert figures["kv_bytes"] >= in_cache * 4 * made.layers * made.kv_heads * made.head_dim
    assert figures["peak_rss_bytes"] > figures["kv_bytes"]


def test_streams_the_answer_and_tells_the_rest(tiny, document):
    arguments = ["-m", tiny("llama"), "-f", document, "-p", "What?", "-n", "12"]
    done = run("run", *arguments)
    quiet = run("run", *arguments, "-q")
    assert done.returncode == quiet.returncode == 0
    assert quiet.stderr == b"" and quiet.stdout == done.stdout
    text = figures_of(*arguments)["text"]
    assert done.stdout.decode() == text + ("" if text.endswith("\n") else "\n")
    told = done.stderr.decode()
    for label in ("model", "prompt", "context", "attention", "compute", "sampling", "read",
                  "answered", "memory"):
        assert re.search(rf"^{label} +\S", told, re.M), told
    assert "\x1b" not in told and "\r" not in told, "progress is for terminals"


@pytest.mark.parametrize("name", tiny_models.TINY_MODELS)
def test_every_architecture_runs(tiny, document, name):
    figures = figures_of("-m", tiny(name), "-f", document, "-p", "What?", "-n", "4")
    assert figures["completion_tokens"] > 0 or figures["stop_reason"] == "end_of_text"


def test_standard_input_is_a_document(tiny, document):
    arguments = ["-m", tiny("llama"), "-p", "What?", "-n", "4"]
    by_file = figures_of(*arguments, "-f", document)
    by_stdin = figures_of(*arguments, "-f", "-", input=document.read_bytes())
    assert by_file["prompt_tokens"] == by_stdin["prompt_tokens"]
    assert by_file["text"] == by_stdin["text"]


def test_documents_come_in_order_before_the_question(tiny, tmp_path):
    (tmp_path / "a.txt").write_text("the whale ")
    (tmp_path / "b.txt").write_text("and the ship ")
    parts = ["-f", tmp_path / "a.txt", "-f", tmp_path / "b.txt"]
    joined = figures_of("-m", tiny("llama"), "--raw", "-n", "8", "-p", "the whale and the ship what")
    for order in ([*parts, "-p", "what"], ["-p", "what", *parts]):
        figures = figures_of("-m", tiny("llama"), "--raw", "-n", "8", *order)
        assert figures["prompt_tokens"] == joined["prompt_tokens"]
        assert figures["text"] == joined["text"]
    named = figures_of("-m", tiny("llama"), *parts, "-p", "what", "-n", "1")
    alone = figures_of("-m", tiny("llama"), *parts[:2], "-p", "what", "-n", "1")
    headers = tokens_of(tiny("llama"), "Document: a.txt Document: b.txt")
    assert named["prompt_tokens"] > alone["prompt_tokens"] + headers


def test_document_whose_name_is_not_utf8(tiny, document, tmp_path):
    odd = os.path.join(os.fsencode(tmp_path), b"caf\xe9.txt")
    shutil.copy(document, odd)
    asked = figures_of("-m", tiny("llama"), "-f", document, "-f", os.fsdecode(odd), "-n", "1")
    plain = tmp_path / "caf?.txt"
    shutil.copy(document, plain)
    assert asked["prompt_tokens"] == figures_of(
        "-m", tiny("llama"), "-f", document, "-f", plain, "-n", "1")["prompt_tokens"]


def test_raw_is_the_text_alone(tiny, document):
    text = document.read_text()
    figures = figures_of("-m", tiny("llama"), "-f", document, "--raw", "-n", "1")
    assert figures["prompt_tokens"] == tokens_of(tiny("llama"), text)
    begun = figures_of("-m", tiny("mistral"), "-f", document, "--raw", "-n", "1")
    assert begun["prompt_tokens"] == tokens_of(tiny("mistral"), text) + 1, "and the begin token"


def test_system_message_and_chat_template(tiny):
    model = tiny("llama")
    plain = figures_of("-m", model, "-p", "what", "-n", "1")
    system = figures_of("-m", model, "-p", "what", "-n", "1", "--system", "the captain")
    assert system["prompt_tokens"] > plain["prompt_tokens"]
    named = figures_of("-m", model, "-p", "what", "-n", "1", "--chat-template", "chatml")
    assert named["prompt_form"] == "chatml"


def test_model_without_a_chat_template_gets_plain_text(tmp_path, document):
    path = tmp_path / "base.gguf"
    write_edited(path, "llama", drop_key("tokenizer.chat_template"))
    done = run("run", "-m", path, "-f", document, "-n", "1")
    assert done.returncode == 0 and b"plain text, since" in done.stderr
    figures = figures_of("-m", path, "-f", document, "-n", "1")
    assert figures["prompt_tokens"] == tokens_of(path, document.read_text())
    named = figures_of("-m", path, "-p", "what", "-n", "1", "--chat-template", "chatml")
    assert named["prompt_form"] == "chatml"


def test_unknown_chat_template_says_what_to_pass(tmp_path):
    path = tmp_path / "strange.gguf"
    write_edited(path, "llama", set_key("tokenizer.chat_template", "{{ wonder }}", KIND_STRING))
    error = fail(1, "run", "-m", path, "-p", "what")
    assert "--chat-template" in error and "--raw" in error and "chatml" in error
    figures_of("-m", path, "-p", "what", "--raw", "-n", "1")
    figures_of("-m", path, "-p", "what", "--chat-template", "chatml", "-n", "1")


def test_bad_documents(tiny, tmp_path):
    def refused(code, content):
        path = tmp_path / "document.txt"
        path.write_bytes(content)
        return fail(code, "run", "-m", tiny("llama"), "-f", path, "-p", "what")

    assert "empty" in refused(2, b"")
    assert "document.txt" in refused(1, b"good\xff") and "byte 4" in refused(1, b"good\xff")
    assert "byte 1" in refused(1, b"x\xed\xa0\x80"), "a surrogate"
    assert "byte 2" in refused(1, b"ab\xe2\x82"), "cut inside a character"
    assert "no.txt" in fail(1, "run", "-m", tiny("llama"), "-f", "no.txt")
    assert str(tmp_path) in fail(1, "run", "-m", tiny("llama"), "-f", tmp_path)
    assert "byte 0" in fail(1, "run", "-m", tiny("llama"), "-f", "-", input=b"\x80")


def test_prompt_longer_than_the_context_is_refused(tiny, tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("x" * 5000)
    error = fail(1, "run", "-m", tiny("llama"), "--raw", "-f", path)
    assert "5000" in error and "4096" in error and "shorter" in error
    path.write_text("x" * 100)
    error = fail(1, "run", "-m", tiny("llama"), "--raw", "-f", path, "-c", "100")
    assert "100 tokens" in error and "-c" in error and "4096" in error
    full = figures_of("-m", tiny("llama"), "--raw", "-f", path, "-c", "101", "-n", "50")
    assert full["stop_reason"] in ("context_full", "end_of_text")
    error = fail(2, "run", "-m", tiny("llama"), "-p", "x", "-c", "4097")
    assert "-c 4097" in error and "4096" in error


SAMPLED = ("--temp", "1.5", "-n", "60")


def test_same_seed_same_text_whatever_the_threads(tiny, document):
    arguments = ["-m", tiny("qwen2"), "-f", document, *SAMPLED]
    texts = {figures_of(*arguments, "-s", "7", "-t", n)["text"] for n in (1, 2, 3)}
    texts |= {figures_of(*arguments, "-s", "7", "-t", "2", "-b", "64")["text"]}
    assert len(texts) == 1
    assert figures_of(*arguments, "-s", "8")["text"] not in texts


def test_stop_string_ends_the_answer_before_it(tiny, document):
    arguments = ["-m", tiny("qwen2"), "-f", document, *SAMPLED, "-s", "7"]
    text = figures_of(*arguments)["text"]
    stop = text[len(text) // 2:len(text) // 2 + 3]
    stopped = figures_of(*arguments, "--stop", "never there", "--stop", stop)
    assert stopped["text"] == text[:text.index(stop)]
    assert stopped["stop_reason"] == "stop_string"


def test_flags_that_change_nothing_are_said_so(tiny):
    done = run("run", "-m", tiny("llama"), "-p", "x", "-n", "1", "--raw", "--top-k", "5", "-s", "3",
               "--system", "y", "--attn", "window(size=100000)")
    assert done.returncode == 0
    notes = re.findall(r"^note +(.*)$", done.stderr.decode(), re.M)
    assert len(notes) == 4 and notes[0].startswith("--top-k"), notes
    done = run("run", "-m", tiny("llama"), "-p", "x", "-n", "1", "--attn", "window(size=10)")
    assert b"note" not in done.stderr


@pytest.mark.parametrize("precision", ["int8", "fast"])
def test_a_precision_that_the_instruction_set_lacks_is_noted(tiny, precision):
    arguments = ["run", "-m", tiny("llama"), "--raw", "-p", "a", "-n", "1", "--precision", precision]
    done = run(*arguments, "--isa", "avx2")
    # On another machine avx2 itself is what is refused.
    assert (f"--precision {precision} is bf16 on avx2".encode() in done.stderr
            or (done.returncode == 2 and b"--isa" in done.stderr))
    assert b"is bf16 on" not in run(*arguments, "--isa", "portable").stderr


def test_window_pattern_changes_the_answer(tiny, document):
    arguments = ["-m", tiny("llama"), "-f", document, "-n", "20", "--precision", "f32"]
    full = figures_of(*arguments)
    wide = figures_of(*arguments, "--attn", "window(size=4096)")
    narrow = figures_of(*arguments, "--attn", "window(size=4)")
    assert full["text"] == wide["text"] != narrow["text"]
    assert narrow["attn"] == "window(size=4)"


def test_tells_what_share_of_the_weights_a_pattern_keeps(tiny):
    arguments = ["-m", tiny("llama"), "-p", "words " * 600, "-n", "1"]
    assert figures_of(*arguments)["mass_kept"] is None  # nothing is hidden, nothing measured
    kept = [figures_of(*arguments, "--attn", f"window(size={size})")["mass_kept"]
            for size in (4, 64, 512)]
    assert 0 < kept[0] < kept[1] < kept[2] < 1
    chosen = figures_of(*arguments, "--attn", "topk_blocks(block=16, keep=4)")
    assert 0 < chosen["mass_kept"] < 1 and 0 < chosen["pairs_scored"] < 1
    told = run("run", *arguments, "--attn", "window(size=4)").stderr.decode()
    share = re.search(r"which keep ([\d.]+) % of its weight", told)
    assert float(share[1]) == pytest.approx(100 * kept[0], rel=0.05)  # two digits at least


def test_attn_tells_layers_and_heads_apart_and_counts_pairs(tiny):
    made = tiny_models.TINY_MODELS["llama"]
    assert (made.layers, made.heads) == (3, 6)
    arguments = ["-m", tiny("llama"), "-p", "words " * 60, "-n", "1"]
    full = figures_of(*arguments)
    tokens, attn = full["prompt_tokens"], "0: full; * heads 0-2: window(size=8); 1: sinks(count=2)"
    assert full["pairs_scored"] == 1 and tokens > 60
    pairs = tokens * (tokens + 1) / 2
    window = 8 * 9 / 2 + (tokens - 8) * 8
    sinks = 1 + (tokens - 1) * 2
    narrow = figures_of(*arguments, "--attn", attn)
    assert narrow["attn"] == attn
    assert narrow["pairs_scored"] == pytest.approx(
        (6 * pairs + 6 * sinks + 3 * window + 3 * pairs) / (18 * pairs), rel=1e-12)


def test_no_tokens_asked_for(tiny):
    figures = figures_of("-m", tiny("llama"), "-p", "x", "-n", "0")
    assert figures["text"] == "" and figures["completion_tokens"] == 0


def test_stream_is_never_cut_inside_a_character(tiny, document):
    """Random tokens are mostly stray bytes: what comes out is UTF-8 at every write."""
    program = subprocess.Popen(
        command("run", "-m", tiny("llama"), "-f", document, "--temp", "3", "-n", "1000", "-q"),
        stdout=subprocess.PIPE)
    with program:
        pieces = list(iter(lambda: os.read(program.stdout.fileno(), 1 << 16), b""))
    assert program.returncode == 0
    assert len(pieces) > 10
    for piece in pieces:
        piece.decode()


def test_progress_on_a_terminal_is_drawn_and_cleared(tiny, tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("the whale and the ship " * 1500)
    leader, follower = pty.openpty()
    program = subprocess.Popen(
        command("run", "-m", tiny("llama", 50000), "-f", path, "-n", "4", "-b", "64"),
        stdout=subprocess.PIPE, stderr=follower, stdin=subprocess.DEVNULL)
    os.close(follower)
    shown = b""
    started = time.monotonic()
    while True:
        try:
            piece = os.read(leader, 1 << 16)
        except OSError:  # the terminal's other side is closed
            break
        if not piece:
            break
        shown += piece
    elapsed = time.monotonic() - started
    os.close(leader)
    program.stdout.read()
    program.stdout.close()
    assert program.wait() == 0
    lines = shown.decode().split("\r\x1b[K")
    drawn = [line for line in lines if line.startswith("reading ")]
    assert 2 <= len(drawn) <= 10 * elapsed + 2
    assert re.fullmatch(r"reading [\d ]+ of [\d ]+ tokens, [\d.]+ tokens/s, [\d:]+ left", drawn[-1])
    assert max(map(len, drawn)) < 80
    assert lines[-1].startswith("read  "), "the line is gone before the timings come"


def interrupt(program, ready):
    """Ctrl-C once `ready` bytes are there on that stream; returns (code, output, error, seconds)."""
    assert select.select([ready], [], [], 300)[0]
    program.send_signal(signal.SIGINT)
    started = time.monotonic()
    output, error = program.communicate(timeout=300)
    return program.returncode, output, error.decode(), time.monotonic() - started


def test_interrupt_during_the_prefill(tiny, tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("the whale and the ship " * 40000)
    program = subprocess.Popen(
        command("run", "-m", tiny("llama", 500000), "-f", path, "-b", "256"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    code, output, error, _ = interrupt(program, program.stderr)
    assert code == 130 and output == b""
    read = int(re.search(r"^read +([\d ]+) tokens", error, re.M)[1].replace(" ", ""))
    asked = int(re.search(r"^prompt +([\d ]+) tokens", error, re.M)[1].replace(" ", ""))
    assert 0 < read < asked
    assert "cancelled" in error and "fathom:" not in error


def test_interrupt_during_the_answer(tiny):
    arguments = ["-m", tiny("qwen2", 500000), "-p", "what", "-n", "400000", "--temp", "5"]
    program = subprocess.Popen(command("run", *arguments, "--chat-template", "chatml"),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    code, output, error, _ = interrupt(program, program.stdout)
    assert code == 130 and output
    output.decode()
    assert re.search(r"^answered .*cancelled$", error, re.M), error


def test_interrupt_twice_ends_at_once(tiny, tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("the whale and the ship " * 40000)
    program = subprocess.Popen(
        command("run", "-m", tiny("llama", 500000), "-f", path, "-b", "500000"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert select.select([program.stderr], [], [], 300)[0]
    program.send_signal(signal.SIGINT)
    time.sleep(0.5)
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=60)
    assert program.returncode == -signal.SIGINT
