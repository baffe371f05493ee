#include "fathom/eval/text_windows.h"

#include <string>

namespace fathom {

Result<TextWindows> TextWindows::cut(const TaskInput& input, size_t least) {
  if (input.window < least)
    return Error{"window of " + std::to_string(input.window) + " tokens: must be at least " +
                 std::to_string(least)};
  const Tokenizer& tokenizer = input.engine->tokenizer();
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  const bool begins = vocabulary.add_bos && vocabulary.bos;
  TextWindows windows;
  windows.window_ = input.window;
  if (begins) windows.tokens_.push_back(*vocabulary.bos);
  FATHOM_CHECK(tokenizer.encode(input.text, true, windows.tokens_));
  if (windows.count() == 0)
    return Error{"the text has " + std::to_string(windows.tokens()) +
                 " tokens, fewer than one window of " + std::to_string(input.window) +
                 "; give a longer text or a smaller window"};
  for (size_t i = 0; i < windows.count() && begins; ++i)
    windows.tokens_[i * input.window] = *vocabulary.bos;
  return windows;
}

}  // namespace fathom
