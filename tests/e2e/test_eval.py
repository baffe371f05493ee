"""fathom eval, as a user types it: combinations, folders that go on, errors."""

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest
from conftest import command, fail, run, succeed


@pytest.fixture
def perplexity(tiny, document):
    return ["eval", "perplexity", "-m", tiny("llama"), "-f", document]


def figures(*arguments):
    return json.loads(succeed(*arguments, "--json"))


def records(folder):
    """Every record of a run, without what it cost: that differs each time."""
    lines = (folder / "results.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    for record in found:
        del record["costs"]
    return found


def test_every_combination_is_measured_on_the_same_samples(perplexity):
    found = figures(*perplexity, "--lengths", "64,128", "--attn", "model", "--attn", "window(size=16)",
                    "--kv", "keep", "--kv", "q8")
    rows = found["results"]
    assert [(row["length"], row["attn"], row["kv"]) for row in rows] == [
        (length, attn, kv) for length in (64, 128) for attn in ("model", "window(size=16)")
        for kv in ("keep", "q8")]
    by_length = {row["length"]: row["samples"] for row in rows}
    assert all(row["samples"] == by_length[row["length"]] for row in rows)
    assert "against_first" not in rows[0] and "against_first" in rows[1]
    assert rows[0]["technique"] == "full" and rows[3]["technique"] == "window(size=16), q8"
    assert rows[2]["pairs_scored"] < rows[0]["pairs_scored"] == 1


def test_a_combination_equals_its_technique_alone(perplexity):
    both = figures(*perplexity, "--lengths", "128", "--attn", "model", "--attn", "window(size=16)")
    alone = figures(*perplexity, "--lengths", "128", "--attn", "window(size=16)")
    assert both["results"][1]["loss"] == alone["results"][0]["loss"]


def test_a_folder_holds_what_was_measured(perplexity, tmp_path):
    out = tmp_path / "run"
    printed = figures(*perplexity, "--lengths", "64", "--samples", "3", "--out", out)
    header = json.loads((out / "run.json").read_text())
    assert header["task"] == "perplexity" and len(header["model_sha256"]) == 64
    assert len(records(out)) == 3 == printed["results"][0]["samples"]
    again = figures(*perplexity, "--lengths", "64", "--samples", "3", "--out", out)
    assert again == printed, "nothing was measured anew, costs included"


def test_a_run_that_was_killed_goes_on(perplexity, tmp_path):
    arguments = [*perplexity, "--lengths", "64,128,256", "--attn", "model", "--attn", "sinks(count=4)"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    succeed(*arguments, "--out", whole)
    for attempt in range(4):
        with subprocess.Popen(command(*arguments, "--out", killed), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as program:
            results = killed / "results.jsonl"
            enough = time.monotonic() + 20
            while (not results.exists() or results.read_bytes().count(b"\n") <= 2 * attempt) \
                    and program.poll() is None and time.monotonic() < enough:
                time.sleep(0.002)
            program.send_signal(signal.SIGKILL)
    with open(killed / "results.jsonl", "a", encoding="utf-8") as file:
        file.write('{"sample":"half a li')
    succeed(*arguments, "--out", killed)
    assert records(killed) == records(whole)


def test_scratch_of_killed_runs_is_removed(perplexity, tmp_path):
    home = tmp_path / "home"
    process = subprocess.Popen(["true"])
    process.wait()
    left = home / f"eval-{process.pid}"
    left.mkdir(parents=True)
    succeed(*perplexity, "--lengths", "64", env={**os.environ, "FATHOM_HOME": str(home)})
    assert not left.exists()


def test_a_folder_belongs_to_one_run(perplexity, tmp_path):
    out = tmp_path / "run"
    succeed(*perplexity, "--lengths", "64", "--out", out)
    before = (out / "results.jsonl").read_bytes()
    assert "lengths [64], not [128]" in fail(1, *perplexity, "--lengths", "128", "--out", out)
    assert "techniques" in fail(1, *perplexity, "--lengths", "64", "--kv", "q8", "--out", out)
    assert (out / "results.jsonl").read_bytes() == before


def test_a_report_names_a_record_of_no_technique(perplexity, tmp_path):
    out, page = tmp_path / "run", tmp_path / "page"
    succeed(*perplexity, "--lengths", "64", "--samples", "1", "--out", out)
    record = json.loads((out / "results.jsonl").read_text())
    for technique in (-1, 1):
        (out / "results.jsonl").write_text(json.dumps({**record, "technique": technique}) + "\n")
        assert "and the run has 1" in fail(1, "report", out, "-o", page)
    assert not page.exists()


@pytest.mark.parametrize("flags, said", [
    (["--lengths", "3"], "at least 4"),
    (["--lengths", "100000"], "trained for 4096"),
    (["--lengths", "64", "--score-from", "1"], "--score-from: '1'"),
    (["--lengths", "9000"], "--rope"),
])
def test_what_cannot_be_measured_is_refused(perplexity, flags, said):
    done = run(*perplexity, *flags)
    assert done.returncode == 2 and done.stdout == b""
    assert said in done.stderr.decode()


@pytest.mark.parametrize("flags, said", [
    (["--lengths", ""], "--lengths"), (["--lengths", "1k,"], "--lengths"), (["--lengths", "0"], "--lengths"),
    (["--lengths", "1m"], "--lengths"), (["--lengths", "64", "--samples", "0"], "--samples"),
    (["--lengths", "64", "--kv", "keep", "--kv", "q5"], "q5"),
    (["--lengths", "64", "--attn", "model", "--attn", "fulll"], "fulll"),
    (["--lengths", "64", "--kv", "knorm(budget=8)", "--attn", "topk_blocks"], "by content"),
    (["--lengths", "64", "--score-from", "much"], "--score-from"),
    (["--lengths", "64,128", "--score-from", "0.99"], "nothing to score of a window of 64"),
    (["--lengths", "64", "--seed", "-1"], "--seed"),
])
def test_misuse_is_exit_code_2(perplexity, flags, said):
    assert said in fail(2, *perplexity, *flags)


def test_agreement_with_itself_is_whole(tiny, document):
    row, other = figures("eval", "agreement", "-m", tiny("llama"), "-f", document, "--lengths", "128",
                         "--attn", "model", "--attn", "window(size=4)", "--positions", "50")["results"]
    assert abs(row["divergence"]) < 1e-5 and row["same_first"] == 1
    assert row["loss"] == row["reference_loss"] == other["reference_loss"]
    assert other["divergence"] > 1e-4 and other["against_first"]["mean"] > 1e-4
    assert other["tail_divergence"] >= other["divergence"]


def test_interrupted_runs_say_how_to_go_on(perplexity, tmp_path):
    out = tmp_path / "run"
    with subprocess.Popen(command(*perplexity, "--lengths", "64", "-b", "1", "--attn", "model",
                                  *[flag for size in range(1, 40) for flag in
                                    ("--attn", f"window(size={size})")], "--out", out),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        enough = time.monotonic() + 60
        while not (pathlib.Path(out) / "results.jsonl").exists() and time.monotonic() < enough:
            time.sleep(0.01)
        time.sleep(0.2)
        program.send_signal(signal.SIGINT)
        error = program.stderr.read().decode()
        assert program.wait(timeout=60) == 130, error
    assert "the same command goes on from here" in error


def test_a_stream_may_see_more_under_a_scaling(tiny, document):
    arguments = ["eval", "perplexity", "-m", tiny("llama", 256), "-f", document, "--lengths", "512", "--samples",
                 "1", "--kv", "streaming(sinks=4, recent=300)"]
    assert "304 tokens at once" in fail(2, *arguments)
    assert figures(*arguments, "--rope", "yarn(factor=2)")["results"][0]["perplexity"] > 1


def test_an_overview_of_a_model_and_a_text_in_one_command(tiny, document, tmp_path):
    out = tmp_path / "found"
    arguments = ["eval", "agreement", "-m", tiny("llama"), "-f", document, "--lengths", "256", "--samples",
                 "1", "--overview"]
    rows = figures(*arguments, "--out", out)["results"]
    assert rows[0]["technique"] == "full" and len(rows) > 20
    assert {row["attn"].split("(")[0] for row in rows} > {"model", "streaming", "sample"}
    assert any(row["kept"] < 0.2 for row in rows) and any(row["pairs_scored"] < 0.2 for row in rows)
    assert "<svg" in (out / "report.html").read_text()
    assert list((out / "plots").glob("agreement-work-256.svg"))
    assert "--overview" in fail(2, *arguments, "--kv", "q4")


def test_one_page_of_runs_that_differ_in_techniques(perplexity, tmp_path):
    flags = ["--lengths", "64", "--samples", "2"]
    for name, kv in (("a", "q8"), ("b", "q4")):
        succeed(*perplexity, *flags, "--kv", "keep", "--kv", kv, "--out", tmp_path / name)
    page = tmp_path / "page"
    assert succeed("report", tmp_path / "a", tmp_path / "b", "-o", page) == f"{page}/report.html\n"
    text = (page / "report.html").read_text()
    assert text.count("<h2") == 0, "one run"
    assert "--kv q8" in text and "--kv q4" in text
    assert len((page / "results.csv").read_text().splitlines()) == 1 + 3
    assert str(tmp_path / "none") in fail(1, "report", tmp_path / "none", "-o", page)
