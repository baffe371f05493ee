"""Writes gguf_corpus/, the seeds of gguf_fuzz: small right files that PyPI gguf makes, and one of
each that is wrong in a way that needs several fields to agree."""

import os
import struct

import gguf
import numpy as np

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gguf_corpus")


def write(name, fill):
    writer = gguf.GGUFWriter(os.path.join(FOLDER, name), "llama")
    fill(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def every_value(writer):
    for kind in ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]:
        getattr(writer, "add_" + kind)("a." + kind, 7)
    writer.add_float32("a.float32", 0.5)
    writer.add_float64("a.float64", 0.5)
    writer.add_bool("a.bool", True)
    writer.add_array("b.int", [1, 2, 3])
    writer.add_array("b.float", [0.5, 1.5])
    writer.add_array("b.bool", [True, False])
    writer.add_array("b.text", ["one", "two"])


def every_type(writer):
    for kind, (size, width) in gguf.GGML_QUANT_SIZES.items():
        if kind.name in ("F32", "F16", "BF16", "IQ4_NL", "IQ4_XS") or kind.name[:2] in ("Q2", "Q3", "Q4", "Q5", "Q6"):
            writer.add_tensor(kind.name, np.zeros((1, width), np.uint8), raw_dtype=kind)


def aligned(writer):
    writer.add_custom_alignment(64)
    writer.add_tensor("one", np.ones((2, 3), np.float32))
    writer.add_tensor("two", np.ones((1, 2, 2, 2), np.float32))


def part(writer):
    writer.add_uint16("split.no", 1)
    writer.add_uint16("split.count", 2)
    writer.add_int32("split.tensors.count", 1)


def overlapping():
    def string(text):
        return struct.pack("<Q", len(text)) + text

    info = b"".join(
        string(name) + struct.pack("<IQIQ", 1, 16, 0, offset) for name, offset in ((b"a", 0), (b"b", 32))
    )
    head = b"GGUF" + struct.pack("<IQQ", 3, 2, 0) + info
    return head + bytes(-len(head) % 32) + bytes(96)


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    write("values.gguf", every_value)
    write("types.gguf", every_type)
    write("aligned.gguf", aligned)
    write("part.gguf", part)
    with open(os.path.join(FOLDER, "overlapping.gguf"), "wb") as file:
        file.write(overlapping())
