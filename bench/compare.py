#!/usr/bin/env python3
"""Fathom and llama.cpp on the same model, machine and run; what script/bench runs after building.

Rounds alternate between the programs, so that a busy moment of a shared machine hits both; the best
of the rounds counts. Both write 32 tokens right at the depth; Fathom reads its 512 after those, 32
tokens deeper than llama.cpp. llama.cpp runs with and without flash attention, and the faster of the
two counts in each row. Writes a JSON report and prints a Markdown table.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]
PROMPT_TOKENS = 512
DECODED_TOKENS = 32


def capture(*command):
    print("+", *command, file=sys.stderr, flush=True)
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def commit():
    name = capture("git", "-C", ROOT, "rev-parse", "--short", "HEAD").strip()
    changed = capture("git", "-C", ROOT, "status", "--porcelain", "--untracked-files=no").strip()
    return name + ("-changed" if changed else "")


def model_path(name):
    """The file of a model given by path or by name; fetched, in the second case, unless it is there."""
    if os.path.exists(name):
        return name
    capture(ROOT / "build/fathom", "pull", name)
    models = json.loads(capture(ROOT / "build/fathom", "list", "--json"))
    return next(model["path"] for model in models if model["name"] == name)


def run_fathom(model, threads, depth):
    line = json.loads(capture(ROOT / "build/bench_model", model, "--threads", threads,
                              "--rounds", 1, depth))
    return line["prefill_s"], line["decode_ms"], {
        "isa": line["isa"], "precision": line["precision"]}


def run_llama(program, model, threads, depth):
    rows = json.loads(capture(
        program, "-m", model, "-t", threads, "-d", depth, "-p", PROMPT_TOKENS,
        "-n", DECODED_TOKENS, "-r", 1, "-fa", "0,1", "-ngl", 0, "-o", "json"))
    prefill_s = min(row["avg_ns"] for row in rows if row["n_gen"] == 0) / 1e9
    decode_ms = min(row["avg_ns"] for row in rows if row["n_gen"] > 0) / 1e6 / DECODED_TOKENS
    return prefill_s, decode_ms, {"build": rows[0]["build_commit"]}


def measure(programs, rounds, depths):
    """[{program, depth, prefill_s, decode_ms}], and what each program says of itself."""
    best, about = {}, {}
    for depth in depths:
        for _ in range(rounds):
            for name, run in programs.items():
                prefill_s, decode_ms, about[name] = run(depth)
                row = best.setdefault((name, depth), {
                    "program": name, "depth": depth, "prefill_s": prefill_s,
                    "decode_ms": decode_ms})
                row["prefill_s"] = min(row["prefill_s"], prefill_s)
                row["decode_ms"] = min(row["decode_ms"], decode_ms)
    return list(best.values()), about


def table(results):
    programs = list(dict.fromkeys(row["program"] for row in results))
    lines = ["| depth | " + " | ".join(f"{p}: read, tokens/s | {p}: write, ms/token"
                                       for p in programs) + " |",
             "| --- |" + " --- | --- |" * len(programs)]
    for depth in dict.fromkeys(row["depth"] for row in results):
        cells = [f"{depth:,}"]
        for program in programs:
            row = next(r for r in results if (r["program"], r["depth"]) == (program, depth))
            cells += [f"{PROMPT_TOKENS / row['prefill_s']:,.0f}", f"{row['decode_ms']:.1f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="smollm2-135m", help="a pulled model or a GGUF file")
    parser.add_argument("--rival", help="llama.cpp's llama-bench; else the one on PATH, if any")
    parser.add_argument("--depths", type=int, nargs="+", default=[0, 4096, 7168], metavar="TOKENS")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/bench.json")
    options = parser.parse_args()

    model = model_path(options.model)
    programs = {"fathom": lambda depth: run_fathom(model, options.threads, depth)}
    rival = options.rival or shutil.which("llama-bench")
    if rival:
        programs["llama.cpp"] = lambda depth: run_llama(rival, model, options.threads, depth)
    results, about = measure(programs, options.rounds, options.depths)
    options.out.write_text(json.dumps({
        "model": pathlib.Path(model).name,
        "cpu": cpu_name(),
        "threads": options.threads,
        "commit": commit(),
        "date": datetime.date.today().isoformat(),
        "rounds": options.rounds,
        "about": about,
        "results": results,
    }, indent=2) + "\n")
    print(table(results))
    print(f"\n{cpu_name()}, {options.threads} threads, {pathlib.Path(model).name}, "
          f"commit {commit()}; best of {options.rounds}. Written to {options.out}.")


if __name__ == "__main__":
    main()
