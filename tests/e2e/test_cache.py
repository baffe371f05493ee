"""A document is read only once: what fathom run keeps and gives back; and fathom cache."""

import pathlib

import pytest
from cache_home import CHUNK, WORDS, Home, book, home, notes  # noqa: F401
from conftest import succeed

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
