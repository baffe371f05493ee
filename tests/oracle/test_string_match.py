"""Scores of answers, against Python written from RULER's and Lost in the Middle's definitions."""

import json
import os
import pathlib
import random
import re
import string
import subprocess

import pytest

TOOL = os.path.join(os.environ.get("FATHOM_BUILD", "build"), "tool_string_match")
CASES = pathlib.Path(__file__).with_name("cases") / "string_match.jsonl"


def fathom_scores(cases):
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run([TOOL], input=lines.encode(), capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def normalised(text):
    """SQuAD's: lower case, no punctuation, no articles, single spaces."""
    kept = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def expected_scores(case):
    answer, references = case["answer"], case["references"]
    found = [reference.lower() in answer.lower() for reference in references]
    subspan = any(normalised(r) in normalised(answer) for r in references)
    return {"string_match_all": sum(found) / len(found), "string_match_part": float(any(found)),
            "best_subspan_em": float(subspan), "normalised": normalised(answer)}


def written_cases():
    with open(CASES, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_written_cases():
    for case, scores in zip(written_cases(), fathom_scores(written_cases()), strict=True):
        expected = {"string_match_all": case["all"], "string_match_part": case["part"],
                    "best_subspan_em": case["em"], "normalised": normalised(case["answer"])}
        assert scores == expected == expected_scores(case), case


@pytest.mark.parametrize("seed", range(3))
def test_random_cases(seed):
    """Texts of few pieces, so that references are often found, and articles stand anywhere."""
    rng = random.Random(seed)
    pieces = ["a", "an", "the", "The", "A", "cat", "CAT", "Ärger", "ärger", "дом", "ДОМ", " ", "  ",
              "\n", ".", ",", "-", "_", "'", "7", "€", "鯨", "Ÿ", "ź", "Ź"]

    def text(most):
        return "".join(rng.choice(pieces) for _ in range(rng.randint(1, most)))

    cases = [{"answer": text(12), "references": [text(2) for _ in range(rng.randint(1, 4))]}
             for _ in range(2000)]
    for case, scores in zip(cases, fathom_scores(cases), strict=True):
        assert scores == expected_scores(case), case


def test_every_letter_that_has_one_small_one():
    """Of the scripts that lower_case() names, but for letters that modern text does not use."""
    ranges = [(0x41, 0x17F), (0x386, 0x3AC), (0x400, 0x4BF), (0x4C1, 0x52F), (0x531, 0x557),
              (0x1E00, 0x1E95), (0x1EA0, 0x1EFF)]
    letters = [chr(c) for first, last in ranges for c in range(first, last) if c != 0x130]
    cases = [{"answer": letter, "references": [letter.lower()]} for letter in letters]
    for case, scores in zip(cases, fathom_scores(cases), strict=True):
        assert scores["string_match_all"] == 1, case
