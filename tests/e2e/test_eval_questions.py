"""`fathom eval needle`, `ruler` and `middle` as a user types them, on a tiny random model whose
tokens are mostly bytes. What samples look like, tests/oracle/test_ruler_tiny.py reads."""

import json
import os

import pytest
from conftest import fail, succeed

SQUAD = {"data": [{"title": "Tower", "paragraphs": [
    {"context": "The tower was built by Ada Quill in 1902.",
     "qas": [{"question": "Who built the tower?", "answers": [{"text": "Ada Quill"}]}]},
    {"context": "It is made of slate.", "qas": []}]}]}
HOTPOT = [{"question": "Where was the builder born?", "answer": "Marl",
           "context": [["Tower", ["Ada built it."]], ["Ada", ["She was born in Marl."]]]},
          {"question": "What is on the hill?", "answer": "a mill",
           "context": [["Hill", ["On the hill is a mill."]]]}]


@pytest.fixture(scope="module")
def model(tiny):
    return tiny("llama")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("book") / "book.txt"
    path.write_text("".join(f"This is sentence {i} of the book. " for i in range(40)))
    return path


def evaluate(task, model, out, *flags):
    """The samples that a run writes down, by their ids, and its records."""
    succeed("eval", task, "-m", model, "--out", out, *flags)
    lines = {name: [json.loads(line) for line in (out / name).read_text().splitlines()]
             for name in ("samples.jsonl", "results.jsonl")}
    samples = {line["sample"]: line for line in lines["samples.jsonl"]}
    return samples, [line for line in lines["results.jsonl"] if "sample" in line]


def test_ones_own_needle_in_ones_own_text(model, book, tmp_path):
    samples, records = evaluate(
        "needle", model, tmp_path / "out", "-f", book, "--lengths", "1k,2k", "--depths", "3",
        "--needle", "The password is heron.", "--question", "What is the password?",
        "--answer", "heron")
    assert [r["facts"]["depth"] for r in records] == [0, 0.5, 1] * 2
    for sample in samples.values():
        assert sample["prompt"].count("The password is heron. ") + \
            sample["prompt"].count("The password is heron.\n\n") == 1
        assert sample["references"] == ["heron"]
        assert "\n\nWhat is the password? " in sample["prompt"]
    assert {r["values"]["found"] for r in records} <= {0, 1}


def test_a_seed_gives_the_same_samples_and_another_gives_others(model, tmp_path):
    def samples(name, *flags):
        return evaluate("ruler", model, tmp_path / name, "--lengths", "3k", "--samples", "1",
                        "--tasks", "niah_single_2,vt,fwe,qa_1", *flags)[0]

    first = samples("a")
    assert first == samples("b", "--attn", "window(size=64)")
    other = samples("c", "--seed", "2")
    assert first.keys() == other.keys()
    assert all(first[name]["prompt"] != other[name]["prompt"] for name in first)


def test_an_answer_that_contains_the_reference_scores(model, book, tmp_path):
    """Scores follow from what is written down."""
    _, records = evaluate("needle", model, tmp_path / "out", "-f", book, "--lengths", "1k",
                          "--depths", "2", "--needle", "It is e.", "--question", "What is it?",
                          "--answer", "e", "--answer", "no such answer")
    for record in records:
        answer = record["details"]["answer"]
        assert record["values"]["found"] == ("e" in answer.lower()) / 2


def test_questions_of_ones_own(model, tmp_path):
    squad, hotpot = tmp_path / "squad.json", tmp_path / "hotpot.json"
    squad.write_text(json.dumps(SQUAD))
    hotpot.write_text(json.dumps(HOTPOT))
    samples, _ = evaluate("ruler", model, tmp_path / "r", "--lengths", "2k", "--samples", "2",
                          "--tasks", "qa_1,qa_2", "--qa", squad, "--qa", hotpot)
    asked = {name: sample["prompt"].rsplit("Question: ", 1)[1] for name, sample in samples.items()}
    assert asked["qa_1/2048/0"] == asked["qa_1/2048/1"] == "Who built the tower?"
    assert {asked["qa_2/2048/0"], asked["qa_2/2048/1"]} == {q["question"] for q in HOTPOT}
    samples, records = evaluate("middle", model, tmp_path / "m", "--lengths", "1k", "--samples", "1",
                                "--depths", "2", "--kind", "documents", "--qa", squad)
    assert {r["facts"]["kind"] for r in records} == {"documents"}
    for sample in samples.values():
        assert sample["prompt"].count("Ada Quill") == 1
        assert "(Title: Tower) It is made of slate." in sample["prompt"]


@pytest.mark.parametrize("task, flags, words", [
    ("needle", ["--needle", "x"], "--needle, --question and --answer belong together"),
    ("needle", ["--needles", "11"], "--needles: '11' is not a whole number from 2 to 10"),
    ("needle", ["--needles", "two"], "--needles: 'two' is not a whole number from 2 to 10"),
    ("needle", ["--needles", "3", "--question", "x"], "--needles counts our own"),
    ("ruler", ["--tasks", "vt,nope"], "--tasks: 'nope' is none of niah_single_1 niah_single_2"),
    ("ruler", ["--tasks", "vt,vt"], "--tasks: 'vt' is there twice"),
    ("ruler", ["--tasks", ""], "--tasks: '' is none of"),
    ("middle", ["--kind", "pairs"], "--kind 'pairs' is none of kv, documents, both"),
])  # fmt: skip
def test_flags_that_make_no_sense(model, task, flags, words):
    assert words in fail(2, "eval", task, "-m", model, "--lengths", "4k", *flags)


def test_files_that_are_no_questions(model, tmp_path):
    path = tmp_path / "qa.json"
    assert f"{path}: " in fail(1, "eval", "middle", "-m", model, "--lengths", "4k", "--qa", path)
    for content, words in (("{", "not JSON"), ("{}", "neither SQuAD's format"),
                           ('{"data": [{}]}', "data[0].paragraphs is missing")):
        path.write_text(content)
        error = fail(1, "eval", "ruler", "-m", model, "--lengths", "4k", "--qa", path)
        assert f"{path}: {words}" in error
    path.write_text(json.dumps(HOTPOT))
    error = fail(2, "eval", "middle", "-m", model, "--lengths", "4k", "--qa", path)
    assert "SQuAD's is needed" in error
    error = fail(2, "eval", "ruler", "-m", model, "--lengths", "4k", "--qa", path, "--qa", path)
    assert "second file of the same format" in error


@pytest.mark.parametrize("task", ["needle", "ruler", "middle"])
def test_a_length_that_is_too_short_names_the_least(model, task, tmp_path):
    error = fail(2, "eval", task, "-m", model, "--lengths", "200", "--out", tmp_path / "out")
    assert "200 tokens" in error and "at least" in error
    assert not (tmp_path / "out").exists(), "nothing is left behind"


def test_text_that_is_not_utf8(model, tmp_path):
    path = tmp_path / "bad.txt"
    path.write_bytes(b"One.\xff Two.")
    assert str(path) in fail(1, "eval", "needle", "-m", model, "--lengths", "1k", "-f", path)


def test_what_is_kept_of_others_changes_no_cost(model, tmp_path):
    """The pairs of samples that begin alike, as where each is read whole."""
    flags = ["eval", "needle", "-m", model, "--lengths", "2k,4k", "--depths", "4", "--attn", "model",
             "--attn", "window(size=128)", "--json"]
    out = tmp_path / "run"
    rows, whole = (json.loads(succeed(*flags, *more, env={**os.environ, "FATHOM_HOME": home}))["results"]
                   for more, home in ((["--out", out], str(tmp_path / "home")), ([], "/dev/null")))
    records = [json.loads(line)["costs"] for line in (out / "results.jsonl").read_text().splitlines()]
    assert any(costs["recalled_tokens"] > 0 for costs in records)
    for row, expected in zip(rows, whole, strict=True):
        assert expected["recalled_tokens"] == 0
        for cost, spread in ("pairs_scored", 0.03), ("mass_kept", 0.1):  # over depths
            assert (cost in row) == (cost in expected)
            assert row.get(cost, 0) == pytest.approx(expected.get(cost, 0), rel=spread), row["technique"]
