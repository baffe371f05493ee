// Models split over several files, NAME-00001-of-00003.gguf and so on.
//
// The first part holds the metadata; every part holds some of the tensors and the keys split.no
// (from 0), split.count and split.tensors.count, which must agree with each other and the names.
// Source: llama.cpp's gguf-split.
#pragma once

#include <cstdint>
#include <string>

#include "fathom/base/result.h"
#include "fathom/gguf/gguf.h"

namespace fathom::gguf {

// Maps and reads one file, be it whole or a part. Its File has no index yet.
Result<File> open_part(const std::string& path);

// How many parts `file` says it is of; 1 for a file of its own.
Result<uint64_t> part_count(const File& file);

// Opens all `parts` parts, given the path of one of them. Errors name every missing part.
Result<File> open_split(const std::string& path, uint64_t parts);

}  // namespace fathom::gguf
