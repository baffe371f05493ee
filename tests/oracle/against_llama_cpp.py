"""Holds the oracle itself against llama.cpp. Run by hand: no test depends on llama.cpp.

    python against_llama_cpp.py LLAMA_PERPLEXITY TEXT MODEL.gguf... [--window N] [--windows N] [--f32]
    python against_llama_cpp.py LLAMA_PERPLEXITY TEXT --tiny

llama-perplexity --kl-divergence-base writes, for the second half of each window of the text, every
token's log probability in 16 bits (a step of 16 / 65535 at most, and nothing below the best's
e^-16). The oracle computes the same for the same tokens; this prints how they differ.

llama.cpp rounds activations to 8 bits where weights are quantised, so on a quantised file the two
differ by that. --f32 first rewrites the file with its weights decoded to F32, where what is left is
f32 rounding and the 16 bits above.
"""

import argparse
import dataclasses
import pathlib
import subprocess
import tempfile

import forward
import gguf
import numpy as np
import tiny_models


def decode_to_f32(source, target):
    """The same model with every tensor decoded to F32."""
    reader = gguf.GGUFReader(source)
    architecture = reader.fields["general.architecture"].contents()
    writer = gguf.GGUFWriter(target, architecture)
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        array = field.types[0] == gguf.GGUFValueType.ARRAY
        writer.add_key_value(name, field.contents(), field.types[0],
                             sub_type=field.types[-1] if array else None)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, gguf.quants.dequantize(tensor.data, tensor.tensor_type))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def run_llama_cpp(program, model, text, window, windows, out):
    """Returns (perplexity, tokens [windows, window], log probabilities [windows, scored, vocabulary]
    as a memory map of (scale, lowest, steps))."""
    command = [program, "-m", model, "-f", text, "-c", window, "-b", window, "--chunks", windows,
               "-t", 2, "-fa", "off", "-ctk", "f32", "-ctv", "f32", "--kl-divergence-base", out]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    before, _, found = (done.stdout + done.stderr).partition("Final estimate: PPL = ")
    if not found:  # on a busy machine it may end before its logging thread has written all
        raise SystemExit("no perplexity in llama.cpp's output; run again:\n" + before[-2000:])
    with open(out, "rb") as file:
        assert file.read(8) == b"_logits_"
        window, vocabulary, windows = (int(x) for x in np.fromfile(file, np.int32, 3))
        tokens = np.fromfile(file, np.int32, windows * window).reshape(windows, window)
        start = file.tell()
    scored = window - 1 - window // 2
    row = 2 * ((vocabulary + 1) // 2) + 4
    rows = np.memmap(out, np.uint16, "r", start, (windows, scored, row))
    return float(found.split()[0]), tokens, rows, vocabulary


def log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def compare(program, model, text, window, windows, name):
    begin = forward.Model(model).fields
    add_bos = "tokenizer.ggml.add_bos_token" in begin and begin[
        "tokenizer.ggml.add_bos_token"].contents()
    with tempfile.TemporaryDirectory() as folder:
        perplexity, tokens, rows, vocabulary = run_llama_cpp(
            program, model, text, window, windows, pathlib.Path(folder, "base"))
        surprise, divergence, largest, same, ours_total = [], [], 0.0, [], 0
        for index, ids in enumerate(tokens):
            if add_bos:
                ids[0] = begin["tokenizer.ggml.bos_token_id"].contents()
            first_scored = window // 2
            for first, logits in forward.logit_blocks(model, ids):
                for at, ours in enumerate(log_softmax(logits), first):
                    if not first_scored <= at < window - 1:
                        continue
                    row = rows[index, at - first_scored]
                    scale, lowest = row[:4].copy().view(np.float32)
                    theirs = lowest + scale * row[4 : 4 + vocabulary].astype(np.float64)
                    seen = row[4 : 4 + vocabulary] > 0
                    p = np.exp(ours)
                    divergence.append(np.sum(p[seen] * (ours[seen] - theirs[seen])))
                    likely = p > 1e-4
                    largest = max(largest, np.abs(ours - theirs)[likely & seen].max())
                    same.append(ours.argmax() == theirs.argmax())
                    surprise.append(-ours[ids[at + 1]])
        ours = float(np.exp(np.mean(surprise)))
        print(f"{name}: {len(same)} positions, perplexity {ours:.4f} (llama.cpp {perplexity:.4f}, "
              f"{100 * (perplexity / ours - 1):+.3f} %), mean KL {np.mean(divergence):.2e}, "
              f"argmax equal {100 * np.mean(same):.2f} %, largest difference of log p "
              f"where p > 1e-4: {largest:.1e}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("llama_perplexity")
    parser.add_argument("text")
    parser.add_argument("models", nargs="*")
    parser.add_argument("--tiny", action="store_true", help="every tiny model, in F32")
    parser.add_argument("--f32", action="store_true", help="decode the weights to F32 first")
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--windows", type=int, default=2)
    args = parser.parse_intermixed_args()
    with tempfile.TemporaryDirectory() as folder:
        decoded = str(pathlib.Path(folder, "f32.gguf"))
        if args.tiny:
            for name, tiny in tiny_models.TINY_MODELS.items():
                if tiny.architecture == "llama":
                    tiny = dataclasses.replace(tiny, window=None)  # llama.cpp ignores Mistral's
                tiny = dataclasses.replace(tiny, types=(tiny_models.F32,))
                tiny_models.write(decoded, tiny, context=args.window)
                compare(args.llama_perplexity, decoded, args.text, args.window, args.windows, name)
        for model in args.models:
            name = pathlib.Path(model).name
            if args.f32:
                decode_to_f32(model, decoded)
                compare(args.llama_perplexity, decoded, args.text, args.window, args.windows,
                        name + " in F32")
            else:
                compare(args.llama_perplexity, model, args.text, args.window, args.windows, name)


if __name__ == "__main__":
    main()
