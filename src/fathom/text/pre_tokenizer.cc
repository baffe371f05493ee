#include "fathom/text/pre_tokenizer.h"

#include <array>

#include "fathom/text/scanners.h"

namespace fathom {

struct PreTokenizerSpec {
  // Its names in tokenizer.ggml.pre: the first is the most usual.
  std::array<std::string_view, 8> names;
  // Each scanner cuts the pieces of the one before it further.
  std::array<Scanner, 4> scanners;
  bool whole_pieces_first = false;
};

namespace {

constexpr auto kSpecs = std::to_array<PreTokenizerSpec>({
    {.names = {"smollm", "starcoder", "refact", "codeshell", "exaone", "minerva-7b"},
     .scanners = {scan_number, scan_gpt2}},
    {.names = {"gpt-2", "gpt2", "phi-2", "mpt", "olmo", "jais"}, .scanners = {scan_gpt2}},
    {.names = {"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "lfm2"},
     .scanners = {scan_llama3},
     .whole_pieces_first = true},
    {.names = {"qwen2", "stablelm2", "deepseek-r1-qwen", "megrez"}, .scanners = {scan_qwen2}},
    // What llama.cpp does for a file that names no pre-tokenizer.
    {.names = {"default"}, .scanners = {scan_symbols, scan_gpt2, scan_numbers, scan_three_digits}},
});

void split_by(std::span<const Scanner> scanners, std::string_view text,
              const std::function<void(std::string_view)>& piece) {
  if (scanners.empty() || scanners.front() == nullptr) {
    piece(text);
    return;
  }
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = scanners.front()(text, begin);
    split_by(scanners.subspan(1), text.substr(begin, end - begin), piece);
    begin = end;
  }
}

}  // namespace

Result<PreTokenizer> PreTokenizer::named(std::string_view name) {
  std::string known;
  for (const PreTokenizerSpec& spec : kSpecs) {
    for (const std::string_view candidate : spec.names) {
      if (candidate.empty()) break;
      if (candidate == name) return PreTokenizer(&spec);
      known += known.empty() ? "" : ", ";
      known += candidate;
    }
  }
  return Error{"unsupported pre-tokenizer '" + std::string(name) + "'; supported: " + known};
}

void PreTokenizer::split(std::string_view text,
                         const std::function<void(std::string_view)>& piece) const {
  if (!text.empty()) split_by(spec_->scanners, text, piece);
}

bool PreTokenizer::whole_pieces_first() const { return spec_->whole_pieces_first; }

}  // namespace fathom
