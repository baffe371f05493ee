"""A document is read only once: what fathom run keeps, gives back, refuses; and fathom cache."""

import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import time

import pytest
from conftest import command, fail, run, succeed

WORDS = "the whale and the ship what sea 鯨は海にいる。 Кит в море. captain said that there was "
CHUNK = 512


class Home:
    """A home of its own, and runs in it."""

    def __init__(self, path):
        self.path = path
        self.env = {name: value for name, value in os.environ.items()
                    if name != "FATHOM_CACHE_LIMIT"} | {"FATHOM_HOME": str(path)}

    def run(self, *arguments, **options):
        return run(*arguments, env=self.env, **options)

    def figures(self, *arguments, count=8):
        """What a run prints as JSON, and what it says on standard error."""
        done = self.run("run", "--json", "-n", str(count), *arguments)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout), done.stderr.decode()

    def cache(self, *arguments):
        return json.loads(succeed("cache", *arguments, "--json", env=self.env))

    def fail(self, code, *arguments):
        return fail(code, *arguments, env=self.env)

    def parts(self):
        return sorted((path for path in (self.path / "prefixes").glob("*-*.*.*")
                       if path.suffix != ".unfinished"),
                      key=lambda path: int(path.name.split("-")[0]))


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A text of some thousands of tokens in any tiny model."""
    path = tmp_path_factory.mktemp("book") / "book.txt"
    path.write_text("".join(f"{i} {WORDS}" for i in range(60)))
    return path


def notes(said):
    return [line for line in said.splitlines() if line.startswith("note ")]


SETTINGS = [[], ["--precision", "f32"], ["--precision", "int8"], ["--kv", "q8"], ["--kv", "q4"],
            ["--kv", "k=q8, v=q4"], ["-b", "64"], ["-b", "100"], ["--attn", "window(size=100)"],
            ["--attn", "strided(stride=8)"], ["--kv", "q4; knorm(budget=300)"],
            ["--kv", "k=q8, v=q4; h2o(budget=300)"], ["--kv", "snapkv(budget=300)", "-b", "100"],
            ["--kv", "h2o(budget=300)", "--attn", "window(size=700)"]]


@pytest.mark.parametrize("name", ["llama", "gemma3"])
@pytest.mark.parametrize("settings", SETTINGS, ids=" ".join)
def test_the_second_run_reads_little_and_says_the_same(tiny, home, book, name, settings):
    arguments = ["-m", tiny(name, context=16384), "-f", book, *settings, "-p", "what"]
    cold, _ = home.figures(*arguments, "--no-cache")
    first, said = home.figures(*arguments)
    second, _ = home.figures(*arguments)
    assert notes(said) == []
    assert cold["cached_tokens"] == first["cached_tokens"] == 0
    chunk = 1600 if "100" in settings else int(settings[1]) if "-b" in settings else CHUNK
    whole = (second["prompt_tokens"] - 1) // chunk * chunk
    assert second["cached_tokens"] == whole > 0
    assert cold["text"] == first["text"] == second["text"]
    assert cold["kv_kept"] == first["kv_kept"] == second["kv_kept"]


def policies():
    """Every policy that fathom names, with a budget of tokens and one that is a share."""
    rows = [line.split("`")[1] for line in succeed("policies", "--markdown").splitlines()
            if line.startswith("| `")]
    return [row.split("(")[0] + budget for row in rows for budget in
            (["(budget=300)", "(budget=0.25)"] if "budget=" in row else [""])]


def test_every_policy_is_named():
    assert {"h2o(budget=0.25)", "snapkv(budget=300)", "streaming", "keep"} <= set(policies())


@pytest.mark.parametrize("split", ["uniform", "adaptive", "pyramid"])
@pytest.mark.parametrize("policy", policies())
def test_under_every_policy_another_question_is_answered_as_if_all_was_read(
        tiny, home, book, policy, split):
    arguments = ["-m", tiny("gemma3", context=16384), "-f", book, "--kv", policy, "--kv-split",
                 split, "--ignore-eos"]
    home.figures(*arguments, "-p", "what")
    second, said = home.figures(*arguments, "-p", "who was there", count=80)
    cold, _ = home.figures(*arguments, "-p", "who was there", "--no-cache", count=80)
    assert [note for note in notes(said) if "--kv-split changes nothing" not in note] == []
    assert second["prompt_tokens"] - second["cached_tokens"] <= 2 * CHUNK
    assert second["text"] == cold["text"]
    assert second["kv_kept"] == cold["kv_kept"]


def test_what_cannot_be_recalled_is_not_kept(tiny, home, book):
    arguments = ["-m", tiny("llama", context=16384), "-f", book, "--attn", "topk_blocks"]
    for _ in range(2):
        figures, said = home.figures(*arguments)
        assert figures["cached_tokens"] == 0
        assert "so the text is not kept" in said and "topk_blocks" in said
    assert home.parts() == []


def test_other_questions_and_longer_documents_reuse_the_beginning(tiny, home, book, tmp_path):
    model = ["-m", tiny("llama", context=16384)]
    first, _ = home.figures(*model, "-f", book, "-p", "what")
    other, _ = home.figures(*model, "-f", book, "-p", "who was there and said that")
    assert other["cached_tokens"] >= first["prompt_tokens"] - 2 * CHUNK
    cold, _ = home.figures(*model, "-f", book, "-p", "who was there and said that", "--no-cache")
    assert other["text"] == cold["text"]

    longer = tmp_path / book.name
    longer.write_text(book.read_text() + WORDS * 10)
    longer_run, _ = home.figures(*model, "-f", longer, "-p", "what")
    assert longer_run["cached_tokens"] >= first["prompt_tokens"] - 2 * CHUNK
    cold, _ = home.figures(*model, "-f", longer, "-p", "what", "--no-cache")
    assert longer_run["text"] == cold["text"]


def test_other_settings_and_models_share_nothing(tiny, home, book):
    base = ["-f", book, "-p", "what"]
    for arguments in (["-m", tiny("llama", context=16384)], ["-m", tiny("gemma3", context=16384)],
                      ["-m", tiny("llama", context=16384), "--precision", "f32"],
                      ["-m", tiny("llama", context=16384), "--isa", "portable"],
                      ["-m", tiny("llama", context=16384), "-b", "256"],
                      ["-m", tiny("llama", context=16384), "--attn", "window(size=300)"],
                      ["-m", tiny("llama", context=16384), "--kv", "q8"]):
        assert home.figures(*arguments, *base)[0]["cached_tokens"] == 0


def test_a_changed_model_under_the_same_name_is_another(tiny, home, book, tmp_path):
    model = tmp_path / "model.gguf"
    model.write_bytes(tiny("llama", context=16384).read_bytes())
    arguments = ["-m", model, "-f", book]
    home.figures(*arguments)
    assert home.figures(*arguments)[0]["cached_tokens"] > 0
    content = bytearray(model.read_bytes())
    content[-100] ^= 1
    model.write_bytes(content)
    assert home.figures(*arguments)[0]["cached_tokens"] == 0


def test_no_cache_keeps_nothing(tiny, home, book):
    for flags in (["--no-cache"], ["--cache-limit", "0"]):
        _, said = home.figures("-m", tiny("llama", context=16384), "-f", book, *flags)
        assert notes(said) == [] and home.parts() == []


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


def test_the_folder_is_private(tiny, home, book):
    home.figures("-m", tiny("llama", context=16384), "-f", book)
    assert (home.path / "prefixes").stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in home.parts())


def test_list_show_and_prune(tiny, home, book, document):
    model = tiny("llama", context=16384)
    home.figures("-m", model, "-f", book)
    home.figures("-m", model, "-f", book, "--precision", "f32")
    listed = home.cache("list")
    assert pathlib.Path(listed["folder"]) == home.path / "prefixes"
    assert listed["bytes"] == sum(path.stat().st_size for path in home.parts())
    assert listed["limit"] == 8_000_000_000
    newest, oldest = listed["prefills"]
    assert newest["used"] >= oldest["used"] and newest["model"] == str(model)
    assert newest["text"] == book.read_text()[:len(newest["text"])] and newest["text"]
    told = succeed("cache", "list", env=home.env)
    assert newest["id"][:12] in told and "0 the whale" in told

    shown = home.cache("show", newest["id"][:12])
    assert shown["tokens"] == newest["tokens"] == shown["parts"][-1]["end"]
    ends = [0] + [part["end"] for part in shown["parts"]]
    assert [part["begin"] for part in shown["parts"]] == ends[:-1]
    assert "tokens 0 to 2 048" in succeed("cache", "show", newest["id"], env=home.env)

    freed = home.cache("prune", "--limit", str(newest["bytes"]))
    assert freed["freed_bytes"] == oldest["bytes"] and freed["bytes"] == newest["bytes"]
    assert [p["id"] for p in home.cache("list")["prefills"]] == [newest["id"]]
    assert home.cache("prune", "--all")["bytes"] == 0
    assert home.parts() == [] and home.cache("list")["prefills"] == []


def test_export_and_import(tiny, home, book, tmp_path):
    arguments = ["-m", tiny("llama", context=16384), "-f", book]
    cold, _ = home.figures(*arguments)
    kept = home.cache("list")["prefills"][0]
    file = tmp_path / "kept.fathom"
    moved = home.cache("export", kept["id"][:8], file)
    assert (moved["id"], moved["tokens"]) == (kept["id"], kept["tokens"])
    assert moved["bytes"] == file.stat().st_size

    there = Home(tmp_path / "there")
    assert there.cache("import", file) == moved
    figures, _ = there.figures(*arguments)
    assert figures["cached_tokens"] == kept["tokens"] and figures["text"] == cold["text"]

    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    elsewhere = Home(tmp_path / "elsewhere")
    assert "checksum" in elsewhere.fail(1, "cache", "import", file)
    assert elsewhere.parts() == []


def test_pipes_carry_a_prefill(tiny, home, book, tmp_path):
    arguments = ["-m", tiny("llama", context=16384), "-f", book]
    home.figures(*arguments)
    kept = home.cache("list")["prefills"][0]
    piped = home.run("cache", "export", kept["id"], "-")
    assert piped.returncode == 0 and piped.stderr == b""
    home.cache("export", kept["id"], tmp_path / "file")
    assert piped.stdout == (tmp_path / "file").read_bytes()

    there = Home(tmp_path / "there")
    done = there.run("cache", "import", "-", input=piped.stdout)
    assert done.returncode == 0 and b"imported" in done.stdout
    assert there.figures(*arguments)[0]["cached_tokens"] == kept["tokens"]
    elsewhere = Home(tmp_path / "elsewhere")
    done = elsewhere.run("cache", "import", "-", input=piped.stdout[:-1])
    assert done.returncode == 1 and done.stderr.startswith(b"fathom: standard input: is cut off")
    assert list((elsewhere.path / "prefixes").iterdir()) == []


def test_an_import_beyond_the_limit_keeps_nothing(tiny, home, book, tmp_path):
    home.figures("-m", tiny("llama", context=16384), "-f", book)
    kept = home.cache("list")["prefills"][0]
    home.cache("export", kept["id"], tmp_path / "file")
    there = Home(tmp_path / "there")
    error = there.fail(1, "cache", "import", tmp_path / "file", "--cache-limit", kept["bytes"] - 1)
    assert str(tmp_path / "file") in error and "limit" in error and there.parts() == []
    succeed("cache", "import", tmp_path / "file", "--cache-limit", kept["bytes"], env=there.env)
    assert len(there.parts()) == kept["parts"]


def test_the_variable_of_the_limit_is_named(home):
    home.env["FATHOM_CACHE_LIMIT"] = "lots"
    for arguments in (["cache", "list"], ["cache", "prune"], ["run", "-m", "x", "-p", "y"]):
        error = home.fail(2, *arguments)
        assert error.startswith("fathom: FATHOM_CACHE_LIMIT: 'lots' is not a number of bytes")
    assert "limit" in home.cache("list", "--cache-limit", "1M")
    home.env["FATHOM_CACHE_LIMIT"] = "2M"
    assert home.cache("list")["limit"] == 2_000_000


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_named(home):
    folder = home.path / "prefixes"
    folder.mkdir(parents=True)
    folder.chmod(0o300)
    error = home.fail(1, "cache", "list")
    assert str(folder) in error and "cannot read" in error


@pytest.mark.parametrize("code, arguments, culprit", [
    (2, ["cache"], "cache --help"),
    (2, ["cache", "dive"], "no command 'dive'; commands: list, show, prune, export, import"),
    (2, ["cache", "prune", "--limit", "lots"], "'lots' is not a number of bytes"),
    (2, ["cache", "prune", "--limit", "-1"], "--limit"),
    (2, ["cache", "show"], "id"),
    (1, ["cache", "show", "0123"], "no prefill '0123'"),
    (1, ["cache", "export", "0123", "x"], "no prefill '0123'"),
    (1, ["cache", "import", "no/such/file"], "no/such/file"),
    (1, ["cache", "import", "/dev/null"], "/dev/null"),
])
def test_misuse(home, code, arguments, culprit):
    assert culprit in home.fail(code, *arguments)
