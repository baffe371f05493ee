#include "fathom/eval/text_windows.h"

#include <algorithm>
#include <numeric>
#include <string>

namespace fathom {

Result<TextWindows> TextWindows::cut(const TaskInput& input, size_t least) {
  if (input.lengths.front() < least)
    return Error{"--lengths: windows of " + std::to_string(input.lengths.front()) +
                 " tokens: must be of at least " + std::to_string(least)};
  TextWindows windows;
  windows.tokenizer_ = &input.engine->tokenizer();
  const Vocabulary& vocabulary = windows.tokenizer_->vocabulary();
  if (vocabulary.add_bos && vocabulary.bos) windows.tokens_.push_back(*vocabulary.bos);
  std::string names;
  for (const EvalText& text : input.texts) {
    names += (names.empty() ? "" : ", ") + text.name;
    const Status encoded = windows.tokenizer_->encode(text.text, true, windows.tokens_);
    if (!encoded.ok()) return Error{text.name + ": " + encoded.error().message};
  }
  const size_t longest = input.lengths.back();
  if (windows.count(longest) == 0)
    return Error{names + ": has " + std::to_string(windows.tokens_.size()) +
                 " tokens, fewer than one window of " + std::to_string(longest) +
                 "; give a longer text or smaller windows"};
  return windows;
}

std::vector<TokenId> TextWindows::window(size_t length, size_t index) const {
  const auto begin = tokens_.begin() + static_cast<ptrdiff_t>(index * length);
  std::vector<TokenId> window(begin, begin + static_cast<ptrdiff_t>(length));
  const Vocabulary& vocabulary = tokenizer_->vocabulary();
  if (vocabulary.add_bos && vocabulary.bos) window[0] = *vocabulary.bos;
  return window;
}

std::vector<Sample> TextWindows::samples(std::string_view task, const std::vector<size_t>& lengths,
                                         size_t most) const {
  std::vector<Sample> samples;
  for (const size_t length : lengths) {
    const size_t there = count(length);
    for (size_t i = 0; i < (most == 0 ? there : std::min(most, there)); ++i)
      samples.push_back(
          {.id = std::string(task) + "/" + std::to_string(length) + "/" + std::to_string(i),
           .length = length,
           .facts = {{"window", i}}});
  }
  return samples;
}

std::vector<TokenId> TextWindows::window(const Sample& sample) const {
  return window(sample.length, sample.facts.at("window").get<size_t>());
}

std::vector<size_t> indices(size_t begin, size_t end) {
  std::vector<size_t> indices(end - begin);
  std::iota(indices.begin(), indices.end(), begin);
  return indices;
}

Json curve_of(const std::vector<size_t>& positions, const std::vector<double>& values,
              size_t length, size_t bins) {
  std::vector<double> sums(bins);
  std::vector<size_t> counts(bins);
  for (size_t i = 0; i < positions.size(); ++i) {
    const size_t bin = positions[i] * bins / length;
    sums[bin] += values[i];
    ++counts[bin];
  }
  Json curve = Json::array();
  for (size_t bin = 0; bin < bins; ++bin)
    if (counts[bin] > 0)
      curve.push_back(
          {(2 * bin + 1) * length / (2 * bins), sums[bin] / static_cast<double>(counts[bin])});
  return curve;
}

}  // namespace fathom
