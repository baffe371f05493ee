// What --rope says: how positions are turned into angles beyond the context a model was trained
// for.
//
//   auto                        what the model file says
//   none                        no scaling
//   linear(factor)              position interpolation: Chen et al. 2023, arXiv:2306.15595
//   ntk(factor)                 the base grows instead: bloc97 2023; Peng et al. 2023, section 3.1
//   dynamic_ntk(factor)         likewise, by the length of the session's context: emozilla 2023
//   yarn(factor, beta_fast, beta_slow, attn_factor)
//                               by the turns of each pair: Peng et al. 2023, arXiv:2309.00071
//   llama3(factor, low, high, original)
//                               by each pair's wavelength: Llama 3.1, arXiv:2407.21783
//   longrope(short, long, attn_factor)
//                               a divisor for each pair: Ding et al. 2024, arXiv:2402.13753
//   self_extend(group, window)  far keys share places: Jin et al. 2024, arXiv:2401.01325
//
// A factor that is left out is context / original context; rope_of_model.h settles it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/result.h"

namespace fathom {

enum class RopeKind : uint8_t {
  automatic,
  none,
  linear,
  ntk,
  dynamic_ntk,
  yarn,
  llama3,
  longrope,
  self_extend,
};
std::string_view name(RopeKind kind);

struct RopeScaling {
  RopeKind kind = RopeKind::automatic;
  std::optional<double> factor = std::nullopt;  // none: left out, or the kind has no such
  double beta_fast = 32;  // yarn: pairs with more turns in the original context stay
  double beta_slow = 1;   // and those with fewer are interpolated
  double low = 1;         // llama3: the same by original / wavelength
  double high = 4;
  std::optional<size_t> original = std::nullopt;     // llama3: tokens; none: the file's
  std::optional<double> attn_factor = std::nullopt;  // yarn, longrope
  // longrope: what the frequency of each pair is divided by, up to the original context and beyond;
  // empty: the file's.
  std::vector<double> short_factors = {}, long_factors = {};
  int64_t group = 1;   // self_extend.h
  int64_t window = 0;  // tokens
  // What all pairs are divided by besides: the file's (rope_freqs.weight), never given.
  std::vector<double> divisors = {};

  bool operator==(const RopeScaling&) const = default;
  // The same specification again: what was given, and every default.
  std::string spec() const;
};

// An error is three lines: what is wrong and what would be valid, the specification, and a caret
// under the character at fault.
Result<RopeScaling> parse_rope_scaling(std::string_view text);

// "auto, none, linear(factor), ...": what can be said.
std::string rope_forms();

}  // namespace fathom
