"""fathom bench: figures beside their ceilings, tiny and fast; refusals; a rival that is a script."""

import json
import stat
import subprocess

import pytest
from conftest import SOURCE, fail, run, succeed

QUICK = ["--seconds", "0.001", "-t", "2"]
KEYS = {"name", "value", "unit", "ceiling", "ceiling_of", "fraction", "error", "note"}
LLAMA_HELP = "-p, --n-prompt <n>\n-n, --n-gen <n>\n-d, --n-depth <n>\n-fa <0|1>\n"
FORK_HELP = "-p, --n-prompt <n>\n-n, --n-gen <n>\n-gp <pp,tg>\n-fa <0|1>\n"


def report_of(*arguments):
    return json.loads(succeed("bench", *arguments, "--json"))


def row(prompt, generated, seconds, flash=0, cache="f16"):
    return {"n_prompt": prompt, "n_gen": generated, "avg_ns": seconds * 2e9,
            "samples_ns": [seconds * 3e9, seconds * 1e9], "flash_attn": flash, "type_k": cache,
            "build_commit": "abc"}


@pytest.fixture
def rival(tmp_path):
    """rival(help, rows): a llama-bench that prints these, and keeps its last arguments beside it."""
    def make(text, rows):
        (tmp_path / "rows.json").write_text(rows if isinstance(rows, str) else json.dumps(rows))
        (tmp_path / "help.txt").write_text(text)
        program = tmp_path / "llama-bench"
        program.write_text(f'#!/bin/sh\ncd "{tmp_path}"\n'
                           'if [ "$1" = --help ]; then cat help.txt; exit; fi\n'
                           'echo "$@" >>arguments.txt\ncat rows.json\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program
    return make


def figures_by(report, *keys):
    return {tuple(figure[key] for key in keys): figure for figure in report["figures"]}


def test_machine_has_every_ceiling_on_one_core_and_on_all():
    report = report_of("machine", *QUICK)
    assert report["suite"] == "machine" and report["threads"] == 2
    assert {"version", "commit", "cpu", "isa", "date", "settings"} <= report.keys()
    figures = figures_by(report, "name", "threads")
    for threads in (1, 2):
        for name in ("f32 peak", "bf16 peak", "read from L1", "read from L2", "read from memory"):
            assert figures[name, threads]["value"] > 0
        int8 = figures["int8 peak", threads]
        assert (int8["value"] is None) == (int8["note"] is not None)


def test_attention_tells_speed_share_and_error():
    report = report_of("attention", *QUICK, "--depths", "0,100", "--head-dim", "64", "96",
                       "--tokens", "70", "--precision", "bf16,f32,int8",
                       "--isa", "portable")
    figures = figures_by(report, "operand", "head_dim", "depth")
    assert len(figures) == len(report["figures"]) == 12
    for (operand, head_dim, depth), figure in figures.items():
        assert KEYS <= figure.keys()
        assert figure["ceiling_of"] == ("f32" if operand == "f32" else "bf16") + " peak"
        assert figure["fraction"] == pytest.approx(figure["value"] / figure["ceiling"])
        pairs = 70 * depth + 70 * 71 / 2
        flops = 4 * head_dim * 9 * pairs
        assert figure["value"] == pytest.approx(flops / figure["ms"] * 1e-6)
        assert figure["ns_per_pair"] == pytest.approx(figure["ms"] * 1e6 / pairs)
        # Sums of hundreds of numbers, rounded to 8 and to 24 bits.
        assert 0 < figure["error"] < {"bf16": 1e-2, "int8": 3e-2, "f32": 1e-5}[operand]


def test_attention_within_a_window_scores_fewer_pairs():
    arguments = ["attention", *QUICK, "--depths", "512", "--head-dim", "64", "--tokens", "64"]
    windowed = report_of(*arguments, "--attn", "window(size=64)")
    figure = windowed["figures"][0]
    assert windowed["settings"]["attn"] == "window(size=64)"
    assert figure["ms"] * 1e6 / figure["ns_per_pair"] == pytest.approx(64 * 64)
    assert figure["error"] < 1e-2


def test_decode_counts_bytes_of_the_cache():
    report = report_of("decode", *QUICK, "--depths", "127", "--head-dim", "64")
    figure = report["figures"][0]
    assert figure["ceiling_of"] == "memory" and figure["unit"] == "GB/s"
    assert figure["value"] == pytest.approx(128 * 3 * 2 * 64 * 2 / figure["ms"] * 1e-6)
    assert 0 < figure["error"] < 1e-2


def test_decode_of_stored_types_counts_their_bytes():
    report = report_of("decode", *QUICK, "--depths", "511", "--head-dim", "64", "--precision",
                       "bf16", "--kv", "bf16,q8,q4,f16")
    figures = figures_by(report, "kv")
    assert len(figures) == 4
    for kv, bits in (("bf16", 16), ("q8", 8.5), ("q4", 4.5), ("f16", 16)):
        figure = figures[kv,]
        assert figure["value"] == pytest.approx(512 * 3 * 2 * 64 * bits / 8 / figure["ms"] * 1e-6)
    errors = [figures[kv,]["error"] for kv in ("bf16", "q8", "q4")]
    assert errors == sorted(errors) and errors[-1] < 0.3


def test_matmul_tells_rates_and_skips_what_does_not_fit():
    report = report_of("matmul", *QUICK, "--types", "q4_0,Q6_K,f16", "--shapes", "70x64",
                       "--tokens", "5,1", "--precision", "f32")
    figures = figures_by(report, "weights", "tokens")
    assert len(figures) == len(report["figures"]) == 6
    many, one = figures["Q4_0", 5], figures["Q4_0", 1]
    assert many["value"] == pytest.approx(2 * 70 * 64 * 5 / many["ms"] * 1e-6)
    assert many["ceiling_of"] == "f32 peak"
    assert one["value"] == pytest.approx(70 * 64 / 32 * 18 / one["ms"] * 1e-6)
    assert one["ceiling_of"] == "memory"
    assert figures["Q6_K", 5]["value"] is None and "256" in figures["Q6_K", 5]["note"]
    for weights in ("Q4_0", "F16"):
        assert 0 < figures[weights, 5]["error"] < 1e-5  # sums of 64 products in f32


def test_without_json_each_figure_is_a_line():
    lines = succeed("bench", "matmul", *QUICK, "--types", "q4_0", "--shapes", "64x64",
                    "--tokens", "4").splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("matmul  weights Q4_0") and "% of" in lines[0]


def test_model_stands_beside_its_floor(tiny):
    report = report_of("model", "-m", tiny("llama"), *QUICK, "--depths", "0,130", "--rounds", "1",
                       "--precision", "f32")
    assert report["settings"]["fill"] == "random" and report["settings"]["precision"] == "f32"
    figures = figures_by(report, "name", "depth")
    for depth in (0, 130):
        prefill, decode = figures["prefill", depth], figures["decode", depth]
        assert prefill["value"] == pytest.approx(512 / prefill["ms"] * 1e3)
        floor_ms = prefill["floor_attention_ms"] + prefill["floor_projections_ms"]
        assert prefill["ceiling"] == pytest.approx(512 / floor_ms * 1e3)
        assert decode["fraction"] == pytest.approx(decode["ceiling"] / decode["value"])
        assert figures["memory", depth]["value"] > figures["memory", depth]["cache_mb"] > 0
    # As shares of the same peak, whatever it was when each depth was measured.
    share = {depth: figures["prefill", depth]["floor_attention_ms"]
             / figures["prefill", depth]["floor_projections_ms"] for depth in (0, 130)}
    assert share[130] > share[0]


def test_model_can_read_up_to_a_depth(tiny):
    report = report_of("model", "-m", tiny("gemma3"), *QUICK, "--depths", "600", "--rounds", "1",
                       "--fill", "read")
    assert report["settings"]["fill"] == "read"
    assert [figure["name"] for figure in report["figures"]] == ["prefill", "decode", "memory"]


def test_rivals_faster_setting_counts(tiny, rival, tmp_path):
    program = rival(LLAMA_HELP, [row(512, 0, 4.0), row(0, 32, 0.32),
                                 row(512, 0, 2.0, flash=1), row(0, 32, 0.64, flash=1)])
    report = report_of("model", "-m", tiny("llama"), *QUICK, "--depths", "64", "--rounds", "1",
                       "--rival", f"other={program}", "--rival-cache", "f16")
    figures = figures_by(report, "name", "program")
    prefill, decode = figures["prefill", "other"], figures["decode", "other"]
    assert (prefill["value"], prefill["with"]) == (256, "flash 1, f16")
    assert (decode["value"], decode["with"]) == (pytest.approx(10), "flash 0, f16")
    ours = figures["prefill", "fathom"]
    assert prefill["fathom_is_faster"] == pytest.approx(ours["value"] / 256)
    arguments = (tmp_path / "arguments.txt").read_text()
    assert "-fa 0,1 -ctk f16 -ctv f16" in arguments and "-p 512 -n 32 -d 64" in arguments
    assert f"-m {tiny('llama')}" in arguments and "-t 2" in arguments


def test_prefill_of_a_rival_without_depths_is_derived(tiny, rival, tmp_path):
    # n tokens take n / 1024 + n^2 / 2^20 seconds: 512 behind 512 take 0.5 + 3 / 4.
    program = rival(FORK_HELP, [row(512, 0, 0.75), row(1024, 0, 2.0), row(512, 32, 0.32)])
    report = report_of("model", "-m", tiny("llama"), *QUICK, "--depths", "512", "--rounds", "1",
                       "--rival", program)
    figures = figures_by(report, "name", "program")
    prefill = figures["prefill", str(program)]
    assert prefill["value"] == pytest.approx(512 / 1.25)
    assert "derived" in prefill["note"]
    assert figures["decode", str(program)]["value"] == pytest.approx(10)
    assert "-p 512,1024 -n 0 -gp 512,32" in (tmp_path / "arguments.txt").read_text()


def test_rivals_kernels_are_derived_and_say_so(tiny, rival):
    program = rival(LLAMA_HELP, [row(512, 0, 1.0), row(0, 32, 0.32)])
    shapes = ["-m", tiny("llama"), "--rival", program]
    matmul = report_of("matmul", *QUICK, *shapes)["figures"][-1]
    assert matmul["program"] == str(program) and "derived" in matmul["note"]
    assert matmul["value"] > 0
    # The same time at every depth leaves none for attention.
    for suite in ("attention", "decode"):
        figure = report_of(suite, *QUICK, *shapes, "--depths", "64")["figures"][-1]
        assert figure["program"] == str(program) and figure["value"] is None
        assert "not above 0" in figure["note"]


@pytest.mark.parametrize("rows, message", [
    ("no JSON", "not llama-bench's JSON"),
    ([{"n_prompt": 1}], "not llama-bench's JSON"),
    ([], "no results"),
    ([row(512, 0, 1.0)], "lacks the prefill or the decoding"),
])
def test_output_of_a_rival_that_is_not_understood(tiny, rival, rows, message):
    program = rival(LLAMA_HELP, rows)
    done = run("bench", "model", "-m", tiny("llama"), *QUICK, "--depths", "0", "--rounds", "1",
               "--rival", program, "--json")
    assert (done.returncode, done.stdout) == (1, b"")
    error = done.stderr.decode().splitlines()[-1]  # after the lines of Fathom's own figures
    assert message in error and str(program) in error


def test_rival_that_does_not_run(tiny, tmp_path, rival):
    model = ["-m", tiny("llama"), "--depths", "0"]
    assert "No such file" in fail(1, "bench", "model", *model, "--rival", tmp_path / "none")
    assert "exit code 1" in fail(1, "bench", "model", *model, "--rival", "/bin/false")
    assert "no llama-bench" in fail(1, "bench", "model", *model, "--rival", "/bin/true")
    assert "--model" in fail(2, "bench", "attention", "--rival", rival(LLAMA_HELP, []))


@pytest.mark.parametrize("arguments, named", [
    ([], "subcommand"),
    (["speed"], "suites: machine, attention, decode, matmul, model"),
    (["attention", "--head-dim", "40"], "multiple of 16"),
    (["attention", "--heads", "4"], "--kv-heads 3"),
    (["attention", "--precision", "int3"], "one of bf16"),
    (["attention", "--attn", "sideways"], "--attn"),
    (["decode", "--kv", "q5"], "one of f32"),
    (["decode", "--kv", "f32"], "--precision f32"),
    (["attention", "--depths", "-1"], "--depths"),
    (["matmul", "--types", "q9"], "q4_0"),
    (["matmul", "--shapes", "12"], "ROWSxCOLUMNS"),
    (["matmul", "--shapes", "8x33"], "multiple"),
    (["matmul", "--tokens", "0"], "--tokens"),
    (["machine", "--isa", "mmx"], "--isa"),
    (["machine", "--seconds", "-1"], "--seconds"),
    (["model", "-m", "x", "--fill", "half"], "random, read"),
    (["model", "-m", "x", "--rounds", "0"], "--rounds"),
])
def test_wrong_flags_are_refused(arguments, named):
    assert named in fail(2, "bench", *arguments)


def test_table_of_a_report(tiny, rival, tmp_path):
    program = rival(LLAMA_HELP, [row(512, 0, 1.0), row(0, 32, 0.32)])
    report = tmp_path / "bench.json"
    report.write_text(succeed("bench", "model", "-m", tiny("llama"), *QUICK, "--depths", "0,64",
                              "--rounds", "1", "--rival", f"other={program}", "--json"))
    text = subprocess.run([SOURCE / "script" / "bench-table", report], check=True,
                          capture_output=True, text=True).stdout
    assert "| tokens before | fathom reads, tokens/s | other reads, tokens/s |" in text
    rows = [line for line in text.splitlines() if line.startswith(("| 0 |", "| 64 |"))]
    assert len(rows) == 2 and all("512 (" in line and "10.0 (" in line for line in rows)
    assert "2 threads" in text and "commit" in text


@pytest.mark.parametrize("suite", ["attention", "decode", "matmul"])
def test_products_of_bytes_are_refused_where_there_are_none(suite):
    # On another machine avx2 itself is what is refused.
    assert "avx2" in fail(2, "bench", suite, "--precision", "int8", "--isa", "avx2")
