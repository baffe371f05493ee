"""`fathom pattern`: what the planner makes, against definitions written here."""

import json
import re
import xml.etree.ElementTree

import pytest
import tiny_models
from conftest import fail, run, succeed

SCORED, UNSCORED = "#103e7a", "#ececec"  # of an SVG that has a cell a pair


def distance(q, k):
    return abs(q - k)


# A specification, and whether a query sees a key, in both directions.
DEFINITIONS = {
    "full": lambda q, k: True,
    "window(size=9)": lambda q, k: distance(q, k) < 9,
    "sinks(count=3)": lambda q, k: k < 3,
    "dilated(size=5, gap=3)": lambda q, k: distance(q, k) < 15 and distance(q, k) % 3 == 0,
    "strided(stride=6)": lambda q, k: distance(q, k) % 6 == 0,
    "fixed(block=10, summary=2)": lambda q, k: q // 10 == k // 10 or k % 10 >= 8,
    "globals(at=[0, 70])": lambda q, k: q in (0, 70) or k in (0, 70),
    "every(step=7)": lambda q, k: k % 7 == 0,
    "block_window(block=8, count=2)": lambda q, k: distance(q // 8, k // 8) < 2,
    "window(size=20) & (every(step=3) | sinks)":
        lambda q, k: distance(q, k) < 20 and (k % 3 == 0 or k < 4),
    "strided(stride=5) | window(size=4)":
        lambda q, k: distance(q, k) % 5 == 0 or distance(q, k) < 4,
    "strided(stride=5) | every(step=5) | dilated(size=9, gap=4)":
        lambda q, k: distance(q, k) % 5 == 0 or k % 5 == 0
        or (distance(q, k) < 36 and distance(q, k) % 4 == 0),
}


def rows_of(sees, tokens, bidirectional=False):
    return [[k for k in range(tokens if bidirectional else q + 1) if sees(q, k)]
            for q in range(tokens)]


def figures_of(*arguments):
    return json.loads(succeed("pattern", *arguments, "--json"))


@pytest.mark.parametrize("spec", DEFINITIONS)
@pytest.mark.parametrize("tokens", [1, 64, 150, 700])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_rows_are_what_the_definition_says(spec, tokens, bidirectional):
    flags = ["--bidirectional"] if bidirectional else []
    figures = figures_of(spec, "--tokens", tokens, *flags)
    wanted = rows_of(DEFINITIONS[spec], tokens, bidirectional)
    assert figures["rows"] == wanted
    assert figures["tokens"] == tokens and figures["bidirectional"] == bidirectional
    assert figures["full"] == (tokens * tokens if bidirectional else tokens * (tokens + 1) // 2)
    assert figures["active"] == sum(map(len, wanted))
    assert figures["fraction"] == pytest.approx(figures["active"] / figures["full"])


def test_json_begins_as_it_is_promised():
    text = succeed("pattern", "window(size=2)", "--tokens", "3", "--json")
    assert text.startswith('{"tokens":3,"rows":[[0],[0,1],[1,2]],"active":5,"full":6,')


def test_layer_and_head_choose_the_clause():
    spec = "even: window(size=2); heads 1: sinks(count=1); 1 heads 0: every(step=2)"
    tokens = ["--tokens", "9"]
    cases = {(0, 0): lambda q, k: q - k < 2, (0, 1): lambda q, k: k < 1,
             (1, 0): lambda q, k: k % 2 == 0, (3, 2): lambda q, k: True}
    for (layer, head), sees in cases.items():
        figures = figures_of(spec, *tokens, "--layer", layer, "--head", head, "--heads", "3")
        assert figures["rows"] == rows_of(sees, 9), (layer, head)
    windows = [figures_of("multiscale(windows=[2, 4, 8])", *tokens, "--head", head, "--heads", "6")
               ["spec"] for head in range(6)]
    assert windows == [f"window(size={size})" for size in (2, 2, 4, 4, 8, 8)]


def test_the_title_says_which_head():
    text = succeed("pattern", "heads 1:\twindow(size=3)", "--head", "1", "--heads", "4")
    assert text.startswith("heads 1: window(size=3), layer 0, head 1 of 4\n")


def test_counts_of_a_million_tokens():
    figures = figures_of("streaming(sinks=4, window=508)", "--tokens", "1000000", "--count")
    n, window = 1_000_000, 508
    beyond = sum(min(4, q - window + 1) for q in range(window, n))
    assert figures["active"] == window * (window + 1) // 2 + (n - window) * window + beyond
    assert figures["full"] == n * (n + 1) // 2 and "rows" not in figures
    # Seconds are what is asked for; it takes a small part of one.
    assert 0 < figures["plan_seconds"] < 10
    text = succeed("pattern", "full", "--tokens", "1000000", "--count")
    assert "1 000 000 tokens, causal: 500 000 500 000 of 500 000 500 000 pairs scored, 100 %" in text
    assert re.search(r"^planned in \S+ s$", text, re.M)


def drawn_pairs(lines):
    """The rows that lines of half blocks show."""
    rows = []
    for line in lines:
        for filled in ("▀█", "▄█"):
            rows.append([k for k, block in enumerate(line) if block in filled])
    return rows


@pytest.mark.parametrize("spec", ["window(size=9)", "every(step=7)", "strided(stride=6)"])
@pytest.mark.parametrize("tokens", [1, 33, 64])
def test_a_short_text_is_drawn_pair_by_pair(spec, tokens):
    lines = succeed("pattern", spec, "--tokens", tokens).splitlines()
    wanted = rows_of(DEFINITIONS[spec], tokens)
    assert lines[0] == spec
    active, full = sum(map(len, wanted)), tokens * (tokens + 1) // 2
    assert lines[1].replace(" ", "").startswith(
        f"{tokens}tokens,causal:{active}of{full}pairsscored,")
    gutter = len(str(tokens - 1)) + 1
    assert lines[3].split() == [str(k) for k in range(0, tokens, 16)
                                if len(str(k)) <= tokens - k]
    drawn = drawn_pairs(line[gutter:] for line in lines[4:])
    assert drawn[:tokens] == wanted
    assert drawn[tokens:] == [[]] * (tokens % 2)
    assert [line[:gutter].strip() for line in lines[4::4]] == [str(q) for q in range(0, tokens, 8)]


def test_a_long_text_is_drawn_in_shades():
    lines = succeed("pattern", "window(size=512) | sinks(count=4)", "--tokens", "2048").splitlines()
    assert max(map(len, lines[3:])) <= 80
    text = "\n".join(lines[4:])
    assert "█" in text and "░" in text and "▀" not in text
    # All pairs of each cell, but of those that causality leaves without any.
    for line in succeed("pattern", "full", "--tokens", "2048").splitlines()[4:]:
        assert re.fullmatch(r" *\d* █+", line)


def boxes_of(svg):
    """colour -> [(x, y, width, height)] of the paths."""
    found = {}
    for path in svg.iter("{http://www.w3.org/2000/svg}path"):
        boxes = re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)h-[\d.]+z", path.get("d"))
        found.setdefault(path.get("fill"), []).extend(tuple(map(float, box)) for box in boxes)
    return found


@pytest.mark.parametrize("spec", ["window(size=9)", "fixed(block=10, summary=2)", "full"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_svg_shows_each_pair(spec, bidirectional, tmp_path):
    tokens, file = 64, tmp_path / "grid.svg"
    flags = ["--bidirectional"] if bidirectional else []
    text = succeed("pattern", spec, "--tokens", tokens, "--svg", file, *flags)
    assert str(file) in text and list(tmp_path.iterdir()) == [file]
    svg = xml.etree.ElementTree.parse(file).getroot()
    words = [element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {spec, "keys", "queries", "0", "56"} <= set(words)
    assert any("pairs scored" in word for word in words)
    boxes = boxes_of(svg)
    for colour in (SCORED, UNSCORED):
        assert boxes[colour].pop()[2:] == (14, 14), "the legend"
    side = 10  # 640 pixels for 64 tokens
    left, top = (min(box[i] for box in boxes[SCORED] + boxes[UNSCORED]) for i in (0, 1))
    cells = {SCORED: set(), UNSCORED: set()}
    for colour, found in boxes.items():
        for x, y, width, height in found:
            for row in range(round((y - top) / side), round((y + height - top) / side)):
                for column in range(round((x - left) / side), round((x + width - left) / side)):
                    assert (row, column) not in cells[SCORED] | cells[UNSCORED]
                    cells[colour].add((row, column))
    scored = {(q, k) for q, row in enumerate(rows_of(DEFINITIONS[spec], tokens, bidirectional))
              for k in row}
    pairs = {(q, k) for q in range(tokens) for k in range(tokens if bidirectional else q + 1)}
    assert cells[SCORED] == scored and cells[UNSCORED] == pairs - scored


def test_svg_of_many_tokens_is_small(tmp_path):
    file = tmp_path / "grid.svg"
    succeed("pattern", "bigbird", "--tokens", "10000", "--svg", file)
    xml.etree.ElementTree.parse(file)
    assert file.stat().st_size < 300_000


def test_svg_is_written_whole_or_not_at_all(tmp_path):
    for file in (tmp_path / "no" / "grid.svg", tmp_path, "/dev/full"):
        done = run("pattern", "full", "--svg", file)
        assert done.returncode == 1 and str(file) in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []
    kept = tmp_path / "kept.svg"
    kept.write_text("before")
    fail(2, "pattern", "window(size=0)", "--svg", kept)
    assert kept.read_text() == "before"


@pytest.mark.parametrize("arguments, culprit", [
    ([], "spec is required"),
    (["windw(size=4)"], "windw"),
    (["window(size=0)"], "size"),
    (["full", "--tokens", "0"], "--tokens"),
    (["full", "--tokens", "20000"], "--tokens 20000: at most 16384"),
    (["full", "--tokens", "20000", "--json"], "--count"),
    (["full", "--head", "1"], "--head 1"),
    (["full", "--svg", ""], "--svg"),
    (["full", "--svg", "x", "--count"], "--count"),
    (["topk_blocks | sinks"], "depends on content: give -m MODEL and -f FILE"),
    (["full", "-m", "MODEL"], "--file"),
    (["full", "-f", "FILE"], "--model"),
    (["full", "--chunk", "1"], "--model"),
    (["full", "-m", "MODEL", "-f", "FILE", "--bidirectional"], "--bidirectional"),
    (["full", "-m", "MODEL", "-f", "FILE", "--heads", "2"], "--heads"),
    (["full", "-m", "MODEL", "-f", "FILE", "--layer", "99"], "--layer 99: the model has layers 0"),
    (["full", "-m", "MODEL", "-f", "FILE", "--head", "99"], "--head 99: the layer has heads 0"),
    (["full", "-m", "MODEL", "-f", "FILE", "--tokens", "4000"], "--tokens 4000: "),
    (["99: full", "-m", "MODEL", "-f", "FILE"], "99"),
])  # fmt: skip
def test_misuse_is_exit_code_2(tiny, document, arguments, culprit):
    files = {"MODEL": tiny("llama"), "FILE": document}
    assert culprit in fail(2, "pattern", *[files.get(argument, argument) for argument in arguments])


def test_a_text_that_cannot_be_read_is_exit_code_1(tiny, tmp_path):
    (tmp_path / "empty").touch()
    assert "empty: is empty" in fail(1, "pattern", "full", "-m", tiny("llama"),
                                     "-f", tmp_path / "empty")
    assert "no.txt" in fail(1, "pattern", "full", "-m", tiny("llama"), "-f", "no.txt")
    assert "no.gguf" in fail(1, "pattern", "full", "-m", "no.gguf", "-f", tmp_path / "empty")


@pytest.mark.parametrize("chunk", [[], ["--chunk", "1"], ["--chunk", "100"]])
def test_a_model_scores_what_positions_settle(tiny, document, chunk):
    spec = "strided(stride=5) | window(size=4)"
    arguments = [spec, "-m", tiny("llama"), "-f", document, "--layer", "1", "--head", "1"]
    figures = figures_of(*arguments, "--tokens", "150", *chunk)
    assert figures["rows"] == rows_of(DEFINITIONS[spec], 150)
    whole = figures_of(*arguments, *chunk)
    assert whole["tokens"] > 150 and whole["rows"][:150] == figures["rows"]


def test_a_model_has_its_own_windows(tiny, document):
    made = tiny_models.TINY_MODELS["gemma3"]
    windows = set()
    for layer in range(made.layers):
        figures = figures_of("model", "-m", tiny("gemma3"), "-f", document, "--layer", layer)
        windows.add(max(map(len, figures["rows"])))
        assert figures["rows"][-1][-1] == figures["tokens"] - 1
    assert windows == {made.window, figures["tokens"]}


def test_what_a_model_chooses_by_content(tiny, document):
    arguments = ["topk_blocks(block=64, keep=2)", "-m", tiny("llama"), "-f", document]
    figures = figures_of(*arguments)
    beyond = 0
    for q, keys in enumerate(figures["rows"]):
        assert keys == sorted(set(keys)) and keys[-1] == q
        own = [k for k in keys if k // 64 == q // 64]
        assert own == list(range(q // 64 * 64, q + 1))
        chosen = {k // 64 for k in keys} - {q // 64}
        assert len(chosen) <= 1
        assert all(set(range(64 * b, 64 * b + 64)) <= set(keys) for b in chosen)
        beyond += len(chosen)
    assert beyond > 0, "no block was chosen"
    assert figures["active"] == sum(map(len, figures["rows"])) < figures["full"]
    text = succeed("pattern", *arguments, "--count", "--head", "2")
    heads = tiny_models.TINY_MODELS["llama"].heads
    assert text.startswith(f"topk_blocks(block=64, keep=2), layer 0, head 2 of {heads}\n")


def test_what_the_help_shows_works(tmp_path):
    examples = re.findall(r"^  fathom (pattern .*)", succeed("pattern", "--help"), re.M)
    assert len(examples) >= 4
    for example in (example for example in examples if " -m " not in example):
        arguments = [word.strip("'") for word in re.findall(r"'[^']*'|\S+", example)]
        succeed(*arguments, cwd=tmp_path)
