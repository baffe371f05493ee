// A text as tokens, cut into whole windows as llama.cpp's llama-perplexity cuts it: after a begin
// token, where the model wants one; then each window's first token is replaced by it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "fathom/base/position.h"
#include "fathom/base/result.h"
#include "fathom/eval/task.h"

namespace fathom {

class TextWindows {
 public:
  // Of the texts that were given, one after another. Error: windows of fewer than `least` tokens,
  // or a text too short for one of the longest; names the file.
  static Result<TextWindows> cut(const TaskInput& input, size_t least);

  size_t count(size_t length) const { return tokens_.size() / length; }
  std::vector<TokenId> window(size_t length, size_t index) const;

  // A sample for each window of each length, "TASK/LENGTH/INDEX"; of a length at most `most`, where
  // that is not 0.
  std::vector<Sample> samples(std::string_view task, const std::vector<size_t>& lengths,
                              size_t most) const;
  // The window of such a sample.
  std::vector<TokenId> window(const Sample& sample) const;

 private:
  const Tokenizer* tokenizer_ = nullptr;
  std::vector<TokenId> tokens_;
};

// begin, begin + 1, ..., end - 1.
std::vector<size_t> indices(size_t begin, size_t end);

// The mean of values[i] by `bins` equal stretches of positions: [[position, mean], ...], the
// position in a stretch's middle. positions[i] < length.
Json curve_of(const std::vector<size_t>& positions, const std::vector<double>& values,
              size_t length, size_t bins = 16);

}  // namespace fathom
