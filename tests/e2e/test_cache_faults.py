"""What is kept of documents when runs are killed, disks are full, bytes flip and others prune."""

import json
import os
import random
import resource
import signal
import subprocess
import time

import pytest
from cache_home import CHUNK, WORDS, Home, book, home, notes  # noqa: F401
from conftest import command, succeed


def test_flipped_bytes_are_refused_with_a_line(tiny, home, book):
    arguments = ["-m", tiny("llama", context=16384), "-f", book]
    cold, _ = home.figures(*arguments)
    part = home.parts()[0]
    content = part.read_bytes()
    for at in (0, 9, 20, 30, 100, 5000, len(content) // 3, len(content) // 2, len(content) - 1):
        part.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1:])
        figures, said = home.figures(*arguments)
        assert figures["cached_tokens"] == 0 and figures["text"] == cold["text"], at
        assert len(notes(said)) == 1 and str(part) in said, (at, said)
        assert home.figures(*arguments)[0]["cached_tokens"] > 0


def test_a_torn_file_is_refused(tiny, home, book):
    arguments = ["-m", tiny("llama", context=16384), "-f", book]
    cold, _ = home.figures(*arguments)
    part = home.parts()[-1]
    content = part.read_bytes()
    for size in (0, 10, 1000, len(content) - 1):
        part.write_bytes(content[:size])
        figures, said = home.figures(*arguments)
        assert figures["text"] == cold["text"]
        assert len(notes(said)) == 1 and "cut off" in said, said


def wait_for(condition):
    limit = time.monotonic() + 60
    while not condition() and time.monotonic() < limit:
        time.sleep(0.005)
    assert condition()


@pytest.mark.parametrize("kv", ["keep", "h2o(budget=400)", "q4; snapkv(budget=0.1)"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_run_goes_on(tiny, home, tmp_path, how, kv):
    book = tmp_path / "long.txt"
    book.write_text("".join(f"{i} {WORDS}" for i in range(300)))
    arguments = ["-m", tiny("llama", context=65536), "-f", book, "-p", "what", "--kv", kv]
    process = subprocess.Popen(command("run", *arguments, "-n", "1"), env=home.env,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: len(home.parts()) >= 2 or process.poll() is not None)
    process.send_signal(how)
    process.communicate()
    assert process.returncode in (-how, 130), "it should have been interrupted, not done"
    figures, said = home.figures(*arguments)
    assert notes(said) == []
    assert figures["cached_tokens"] >= 2 * 2048
    assert figures["text"] == home.figures(*arguments, "--no-cache")[0]["text"]
    left = [path for path in (home.path / "prefixes").iterdir() if path.suffix == ".unfinished"]
    assert left == []


def test_a_full_disk_is_one_line(tiny, home, book):
    """RLIMIT_FSIZE refuses a write as a full disk does."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    done = home.run("run", "-m", tiny("llama", context=16384), "-f", book, "-n", "4",
                    preexec_fn=limit)
    assert done.returncode == 0
    said = done.stderr.decode()
    assert len(notes(said)) == 1 and "cannot write" in said and "not kept" in said
    assert home.parts() == []


def test_a_folder_that_cannot_be_made_is_one_line(tiny, tmp_path, book):
    (tmp_path / "file").write_text("x")
    home = Home(tmp_path / "file" / "home")
    _, said = home.figures("-m", tiny("llama", context=16384), "-f", book)
    assert len(notes(said)) == 1 and "cannot create" in said


def test_two_runs_at_once(tiny, home, book):
    arguments = ["-m", tiny("llama", context=16384), "-f", book, "-p", "what"]
    runs = [subprocess.Popen(command("run", *arguments, "-q", "-n", "8"), env=home.env, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE) for _ in range(4)]
    answers = {process.communicate() for process in runs}
    assert len(answers) == 1 and all(process.returncode == 0 for process in runs)
    assert home.figures(*arguments)[0]["cached_tokens"] > 0


def unfinished(home):
    return [path for path in (home.path / "prefixes").iterdir() if path.suffix == ".unfinished"]


@pytest.mark.parametrize("kv", ["keep", "h2o(budget=2000)"])
def test_killed_at_any_moment(tiny, home, tmp_path, kv):
    """Nothing wrong is served, and nothing is left of what was being written."""
    book = tmp_path / "long.txt"
    book.write_text("".join(f"{i} {WORDS}" for i in range(150)))
    arguments = ["-m", tiny("llama", context=65536), "-f", book, "-p", "what", "--kv", kv]
    begun = time.monotonic()
    cold, _ = home.figures(*arguments, "--no-cache")
    whole = time.monotonic() - begun
    draws = random.Random(5)
    killed_writing = 0
    for i in range(12):
        process = subprocess.Popen(command("run", *arguments, "-n", "1"), env=home.env,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if i % 2 == 0:  # while a part is written, if there is one to write
            limit = time.monotonic() + whole
            while time.monotonic() < limit and process.poll() is None:
                if (home.path / "prefixes").exists() and unfinished(home):
                    break
        else:
            time.sleep(draws.uniform(0, whole))
        process.kill()
        process.wait()
        killed_writing += bool((home.path / "prefixes").exists() and unfinished(home))
        if i % 4 == 3:
            succeed("cache", "prune", env=home.env)
            assert unfinished(home) == []
    assert killed_writing > 0
    figures, said = home.figures(*arguments)
    assert notes(said) == [] and figures["text"] == cold["text"]
    again, said = home.figures(*arguments)
    assert notes(said) == [] and again["text"] == cold["text"]
    assert again["prompt_tokens"] - again["cached_tokens"] <= 2 * CHUNK
    home.cache("prune")
    assert unfinished(home) == []


def test_runs_beside_prunes(tiny, home, tmp_path):
    """What is removed while a text is read: the answer is the same, and the next run is quick."""
    book = tmp_path / "long.txt"
    book.write_text("".join(f"{i} {WORDS}" for i in range(150)))
    arguments = ["-m", tiny("llama", context=65536), "-f", book, "-p", "what"]
    cold, _ = home.figures(*arguments, "--no-cache")
    runs = [subprocess.Popen(command("run", *arguments, "--json", "-n", "8"), env=home.env,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(2)]
    while any(process.poll() is None for process in runs):
        home.cache("prune", "--all")
    for process in runs:
        assert process.returncode == 0
        assert json.loads(process.communicate()[0])["text"] == cold["text"]
    home.figures(*arguments)
    again, said = home.figures(*arguments)
    assert notes(said) == [] and again["text"] == cold["text"] and again["cached_tokens"] > 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_named(home):
    folder = home.path / "prefixes"
    folder.mkdir(parents=True)
    folder.chmod(0o300)
    error = home.fail(1, "cache", "list")
    assert str(folder) in error and "cannot read" in error
