"""ROUGE and its stemmer, beside PyPI's rouge-score and NLTK."""

import json
import os
import pathlib
import random
import re
import subprocess

import pytest
from nltk.stem import porter
from rouge_score import rouge_scorer

TOOL = os.path.join(os.environ.get("FATHOM_BUILD", "build"), "tool_rouge")
ROOT = pathlib.Path(os.environ.get("FATHOM_SOURCE", pathlib.Path(__file__).parents[2]))
KINDS = ["rouge1", "rouge2", "rougeL", "rougeLsum"]


def ask(requests):
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run([TOOL], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def prose():
    """Sentences of this project's documents."""
    text = " ".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))
    return [sentence.strip() for sentence in re.split(r"(?<=[.!?])\s", text) if sentence.strip()]


def words():
    """Those of the documents, and what suffixes make of them: every rule meets many stems."""
    known = sorted({word for word in re.findall(r"[a-z]+", " ".join(prose()).lower())})
    suffixes = ["s", "es", "ies", "ied", "eed", "ed", "ing", "y", "ational", "tional", "enci",
                "anci", "izer", "bli", "alli", "entli", "eli", "ousli", "ization", "ation", "ator",
                "alism", "iveness", "fulness", "ousness", "aliti", "iviti", "biliti", "fulli",
                "logi", "icate", "ative", "alize", "iciti", "ical", "ful", "ness", "al", "ance",
                "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "sion", "tion",
                "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize", "e", "ll", "alli" * 2]
    some = random.Random(1).sample(known, min(400, len(known))) + ["", "b", "y", "yy", "ay", "str"]
    irregular = ["sky", "skies", "dying", "lying", "tying", "news", "innings", "inning", "outings",
                 "outing", "cannings", "canning", "howe", "proceed", "exceed", "succeed", "a1", "x2s"]
    return known + irregular + [stem + suffix for stem in some for suffix in suffixes]


def test_stems():
    stemmer = porter.PorterStemmer()
    every = [word for word in words() if word]
    ours = ask([{"words": every}])[0]["stems"]
    different = [(word, mine, theirs) for word, mine in zip(every, ours)
                 if mine != (theirs := stemmer.stem(word))]
    assert len(every) > 20000 and different == []


def cases():
    """(references, answer): real sentences, shuffled ones, and the edges."""
    generator = random.Random(2)
    sentences = prose()
    made = []
    for _ in range(150):
        reference = generator.sample(sentences, generator.randint(1, 5))
        answer = [sentence for sentence in reference if generator.random() < 0.7]
        answer += generator.sample(sentences, generator.randint(0, 2))
        generator.shuffle(answer)
        join = generator.choice([" ", "\n", "\n\n"])
        tokens = join.join(answer).split(" ")
        for _ in range(len(tokens) // 8):
            tokens[generator.randrange(len(tokens))] = generator.choice(tokens)
        made.append(([join.join(reference)], " ".join(tokens)))
    made += [(first + second, answer) for (first, answer), (second, _) in zip(made, made[1:])]
    edges = ["", " ", "\n", "...", "a", "a a a", "the the cat\nthe cat", "naïve café 12.5 %",
             "\u212aelvin \u0130stanbul \u0130", "ﬁ ß É", "x\ty\r\nz", "A-b_c d", "running runs ran"]
    made += [([one], other) for one in edges for other in edges]
    made.append((["gunman killed police", "police killed the gunman", ""], "police kill the gunman"))
    return made


@pytest.mark.parametrize("stem", [False, True])
def test_scores(stem):
    scorer = rouge_scorer.RougeScorer(KINDS, use_stemmer=stem)
    all_cases = cases()
    ours = ask([{"references": references, "answer": answer, "stem": stem}
                for references, answer in all_cases])
    assert len(ours) == len(all_cases)
    for (references, answer), mine in zip(all_cases, ours):
        theirs = scorer.score_multi(references, answer)
        for kind in KINDS:
            # The same few operations in the same double precision.
            assert mine[kind] == pytest.approx(list(theirs[kind]), abs=1e-14), (references, answer)
