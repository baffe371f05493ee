"""The structure of evaluation samples, read back from what a run writes down (samples.jsonl).

RULER's, after its repository's generators, by parsers that share nothing with ours; needle's and
middle's after what docs/tasks/ says of them. The model is tiny and random: its answers do not matter.
"""

import collections
import json
import math
import os
import pathlib
import re
import subprocess

import pytest
import tiny_models

FATHOM = pathlib.Path(os.environ.get("FATHOM_BUILD", "build")) / "fathom"
NOISE = "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again."
KINDS = {"number": r"\d{7}", "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
         "word": r"[a-z]+-[a-z]+"}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """evaluated(task, *flags): samples by id, and records by sample, of a run. Most tokens are bytes."""
    folder = tmp_path_factory.mktemp("eval")
    model = folder / "tiny.gguf"
    tiny_models.write(model, tiny_models.TINY_MODELS["llama"], context=16384)
    text = folder / "essay.txt"
    text.write_text("".join(f"Sentence {i} says that {i} times two is {2 * i}. " +
                            ("\n\n" if i % 7 == 0 else "") for i in range(1, 400)))

    def run(task, *flags):
        out = folder / f"out{len(list(folder.iterdir()))}"
        subprocess.run([FATHOM, "eval", task, "-m", model, "--out", out, *flags] +
                       (["-f", text] if task != "middle" else []),
                       check=True, capture_output=True, env={**os.environ, "FATHOM_CACHE_LIMIT": "0"})
        samples = [json.loads(line) for line in open(out / "samples.jsonl", encoding="utf-8")]
        records = [json.loads(line) for line in open(out / "results.jsonl", encoding="utf-8")]
        return ({sample["sample"]: sample for sample in samples},
                {record["sample"]: record for record in records if "sample" in record})

    return run


def check_lengths(samples, records, slack):
    """Prompt and answer fit the length, and one more unit of filler would hardly do."""
    assert set(samples) == set(records)
    for name, record in records.items():
        tokens = record["costs"]["prompt_tokens"] + samples[name]["max_tokens"]
        assert record["length"] - slack < tokens <= record["length"], name


@pytest.fixture(scope="module")
def ruler(evaluated):
    return evaluated("ruler", "--lengths", "4000,10000", "--samples", "1")


def of(ruler, task):
    """(length, prompt, answer start, references) of a configuration's samples."""
    samples = [(int(name.split("/")[1]), sample) for name, sample in ruler[0].items()
               if name.split("/")[0] == task]
    assert len(samples) == 2
    return [(length, s["prompt"], s["answer_start"], s["references"]) for length, s in samples]


def test_samples_fit_their_lengths(ruler):
    check_lengths(*ruler, slack=500)
    by_length = collections.Counter(name.split("/")[1] for name in ruler[0])
    assert by_length == {"4000": 13, "10000": 13}


def test_answers_have_rulers_lengths(ruler):
    tokens = {"niah": 128, "vt": 30, "cwe": 120, "fwe": 50, "qa": 32}
    for name, sample in ruler[0].items():
        assert sample["max_tokens"] == tokens[re.split("[_/]", name)[0]], name


@pytest.mark.parametrize("task, hay, key, value, keys, values, queries", [
    ("niah_single_1", "noise", "word", "number", 1, 1, 1),
    ("niah_single_2", "essay", "word", "number", 1, 1, 1),
    ("niah_single_3", "essay", "word", "uuid", 1, 1, 1),
    ("niah_multikey_1", "essay", "word", "number", 4, 1, 1),
    ("niah_multikey_2", "needle", "word", "number", 1, 1, 1),
    ("niah_multikey_3", "needle", "uuid", "uuid", 1, 1, 1),
    ("niah_multivalue", "essay", "word", "number", 1, 4, 1),
    ("niah_multiquery", "essay", "word", "number", 4, 1, 4),
])  # fmt: skip
def test_niah(ruler, task, hay, key, value, keys, values, queries):
    for _, prompt, start, references in of(ruler, task):
        needles = re.findall(f"One of the special magic {value}s for ({KINDS[key]}) is: ({KINDS[value]})\\.",
                             prompt)
        assert needles and (hay == "needle" or len(needles) == keys * values)
        one = queries * values == 1
        asked = re.search(f"special magic {value}{'' if one else 's'} for (.*) mentioned in the provided "
                          f"text {'is' if one else 'are'}$", start)[1]
        asked = re.split(", and |, ", asked)
        assert len(asked) == queries
        assert sorted(references) == sorted(v for k, v in needles if k in asked)
        assert len(references) == queries * values
        assert (NOISE in prompt) == (hay == "noise")
        assert ("Sentence 1 says that" in prompt) == (hay == "essay")


def test_variable_tracking(ruler):
    for _, prompt, start, references in of(ruler, "vt"):
        example, asked = prompt.split("\n\nMemorize and track", 1)
        shown = example.split("they are: ")[1].split()
        for part, expected in ((example, shown), (asked, references)):
            value = re.search(r"assigned the value (\d{5}) in the text above", part)[1]
            values, found = {}, []
            for line in part.split("\n"):
                if assignment := re.fullmatch(r"VAR ([A-Z]+) = (?:VAR ([A-Z]+) |(\d+))", line):
                    name, source, number = assignment.groups()
                    values[name] = number or values[source]
                    found.append(name)
                elif line.startswith("VAR"):
                    pytest.fail(line)
            assert found == expected and set(values.values()) == {value}
        assert len(references) == 5 and {len(r) for r in references} == {5}
        assert f"5 variables are assigned the value {value}, they are: " in start


def test_common_words(ruler):
    for length, prompt, _, references in of(ruler, "cwe"):
        lists = re.findall(r"appear most often\.\n(.*)\nQuestion: What are the 10", prompt)
        assert len(lists) == 2, "an example and the list"
        shown = re.search(r"in the list are: (.*)", prompt)[1]
        answers = [re.findall(r"\d+\. (\w+)", shown), references]
        repeats = [(3, 1), (6, 1)] if length < 4096 else [(10, 3), (30, 3)]
        for words, common, (often, seldom) in zip(lists, answers, repeats, strict=True):
            items = re.findall(r"(\d+)\. (\w+)", words)
            assert [int(n) for n, _ in items] == list(range(1, len(items) + 1))
            counts = collections.Counter(word for _, word in items)
            assert {word for word, count in counts.items() if count == often} == set(common)
            assert set(counts.values()) == {often, seldom} and len(common) == 10


def test_frequent_words(ruler):
    for length, prompt, _, references in of(ruler, "fwe"):
        text = re.search(r"appeared coded words\. (.*)\nQuestion", prompt)[1]
        counts = collections.Counter(text.split())
        total = counts.pop("...")
        words = [word for word, _ in counts.most_common()]
        assert set(words[:3]) == set(references) and counts[words[2]] > counts[words[3]]
        assert all(re.fullmatch("[a-z]{6}", word) for word in words)
        assert len(words) < (length - 50) // 50
        # Zipf's law: the r-th comes 1 / r^2 as often as the first, rounded down.
        for rank, word in enumerate(words[:3], 2):
            assert math.floor(total / rank**2) <= counts[word] <= math.floor((total + 1) / rank**2)


@pytest.mark.parametrize("task", ["qa_1", "qa_2"])
def test_documents(ruler, task):
    for _, prompt, start, references in of(ruler, task):
        assert start == "Answer:"
        numbers = [int(n) for n in re.findall(r"^Document (\d+):$", prompt, re.MULTILINE)]
        assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 10
        assert prompt.count("Only give me the answer and do not output any other words.") == 2
        assert any(reference in prompt for reference in references)


def test_needle(evaluated):
    samples, records = evaluated("needle", "--lengths", "1k,5k", "--depths", "5")
    check_lengths(samples, records, slack=100)
    needle = ("The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a "
              "sunny day. ")
    contexts = collections.defaultdict(list)
    for name, sample in samples.items():
        context = sample["prompt"].rsplit("\n\n", 1)[0] + " "
        assert context.count(needle) == 1
        before, after = context.split(needle)
        assert before == "" or before.rstrip().endswith("."), "after the end of a sentence"
        depth = records[name]["facts"]["depth"]
        sentences = context.count("Sentence ")
        assert abs(before.count("Sentence ") - depth * sentences) <= 0.5
        contexts[records[name]["length"]].append((before + after, len(before)))
    for length, made in contexts.items():
        assert [at for _, at in made] == sorted(at for _, at in made), "by depth"
        for text, at in made:
            assert text[:at] == made[-1][0][:at], f"{length}: the same text up to the needle"


def test_several_needles(evaluated):
    samples, records = evaluated("needle", "--lengths", "10k", "--depths", "2", "--needles", "4")
    for name, sample in samples.items():
        places = [sample["prompt"].find(f"{part} ") / len(sample["prompt"])
                  for part in sample["references"]]
        depth = records[name]["facts"]["depth"]
        for i, place in enumerate(places):  # the question behind it is some hundredths of the text
            assert abs(place - (depth + (1 - depth) * i / 4)) < 0.1


def test_middle(evaluated):
    samples, records = evaluated("middle", "--lengths", "8k", "--depths", "3", "--samples", "2")
    check_lengths(samples, records, slack=500)
    for name, sample in samples.items():
        prompt, (reference, *_), facts = sample["prompt"], sample["references"], records[name]["facts"]
        if facts["kind"] == "kv":
            pairs = json.loads(prompt.split("JSON data:\n")[1].split("\n\nKey")[0])
            key = re.search(r'\n\nKey: "(.*)"\nCorresponding value:$', prompt)[1]
            assert pairs[key] == reference
            place, count = list(pairs).index(key), len(pairs)
        else:
            documents = re.findall(r"^Document \[\d+\]\(Title: .*\) (.*)$", prompt, re.MULTILINE)
            holding = [i for i, text in enumerate(documents) if reference in text]
            assert len(holding) == 1, "no other document holds the answer"
            place, count = holding[0], len(documents)
        assert abs(place - facts["position"] * (count - 1)) <= 0.5
