// Flags about the folder where prefills are kept.
#pragma once

#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

#include "fathom/base/result.h"
#include "fathom/engine/prefix_store.h"

namespace fathom {

// "500M", "1.5 GB": a number and a power of 1000. Error: names what is valid.
Result<uint64_t> parse_bytes(const std::string& text);

// A check for options that take such a number, and its help.
CLI::Validator byte_count();

// The limit of the folder, which FATHOM_CACHE_LIMIT sets too.
void add_cache_limit(CLI::App& app, std::string& limit, const std::string& name = "--cache-limit");

// The folder, with that limit; "" is the usual one.
Result<PrefixStore> open_prefixes(const std::string& limit);

}  // namespace fathom
