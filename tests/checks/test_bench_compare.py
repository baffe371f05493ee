"""bench/compare.py reads what bench_model and llama-bench print."""

import importlib.util
import json
import re

import pytest
import source_tree

FATHOM = {"depth": 0, "depth_s": 0.0, "prefill_tokens": 512, "prefill_s": 0.25, "decode_ms": 4.5,
          "isa": "avx2", "precision": "bf16", "threads": 2}


def llama_row(n_gen, flash_attn, seconds):
    return {"n_gen": n_gen, "flash_attn": flash_attn, "avg_ns": seconds * 1e9,
            "build_commit": "abc"}


LLAMA = [llama_row(0, False, 1.0), llama_row(32, False, 0.32),
         llama_row(0, True, 0.5), llama_row(32, True, 0.64)]


@pytest.fixture
def compare(monkeypatch):
    """The script, with every program it starts replaced by its printed output."""
    spec = importlib.util.spec_from_file_location("compare", source_tree.ROOT / "bench/compare.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def capture(program, *arguments):
        if program == "git":
            return "abc\n" if "rev-parse" in arguments else ""
        return json.dumps(LLAMA if program == "llama-bench" else FATHOM)

    monkeypatch.setattr(module, "capture", capture)
    return module


def test_the_stubbed_line_has_the_keys_that_bench_model_prints():
    assert re.findall(r'\\"(\w+)\\": ', source_tree.read("bench/model_bench.cc")) == list(FATHOM)


def test_llama_bench_counts_with_its_faster_attention_in_each_row(compare):
    prefill_s, decode_ms, _ = compare.run_llama("llama-bench", "model.gguf", 2, 0)
    assert (prefill_s, decode_ms) == (0.5, 10.0)


def test_report_and_table_hold_both_programs(compare, monkeypatch, tmp_path, capsys):
    model, report = tmp_path / "model.gguf", tmp_path / "bench.json"
    model.touch()
    monkeypatch.setattr("sys.argv", ["compare.py", "--model", str(model), "--rival", "llama-bench",
                                     "--depths", "0", "1024", "--rounds", "2",
                                     "--out", str(report)])
    compare.main()
    written = json.loads(report.read_text())
    assert written["about"]["fathom"] == {"isa": "avx2", "precision": "bf16"}
    assert [(row["program"], row["depth"]) for row in written["results"]] == [
        ("fathom", 0), ("llama.cpp", 0), ("fathom", 1024), ("llama.cpp", 1024)]
    assert "| 1,024 | 2,048 | 4.5 | 1,024 | 10.0 |" in capsys.readouterr().out
