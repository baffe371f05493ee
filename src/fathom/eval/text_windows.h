// A task's text as tokens, cut into whole windows as llama.cpp's
// llama-perplexity cuts it: after a begin token, where the model wants one;
// then each window's first token is replaced by it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fathom/base/position.h"
#include "fathom/base/result.h"
#include "fathom/eval/task.h"

namespace fathom {

class TextWindows {
 public:
  // Error: windows of fewer than `least` tokens, or a text too short for one.
  static Result<TextWindows> cut(const TaskInput& input, size_t least);

  size_t tokens() const { return tokens_.size(); }  // of the whole text
  size_t count() const { return tokens_.size() / window_; }
  std::span<const TokenId> operator[](size_t i) const {
    return std::span(tokens_).subspan(i * window_, window_);
  }

 private:
  size_t window_ = 1;
  std::vector<TokenId> tokens_;
};

}  // namespace fathom
