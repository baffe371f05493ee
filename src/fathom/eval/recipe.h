// How a sample's question is made longer: what tasks that ask have in common.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fathom/eval/question_task.h"

namespace fathom {

// Question `make(n)` has n units of filler, n >= least.
struct Recipe {
  size_t least = 1;
  std::function<Question(size_t units)> make;
};

// The question of as much filler as the length holds.
inline Result<Question> fill(const PromptForm& form, size_t length, const Recipe& recipe) {
  return fill(form, length, recipe.least, recipe.make);
}

// Can every sample of the shortest length be made? So that a run does not fail on its way. Samples
// are by length; the error names the sample.
Status check_shortest(const PromptForm& form, std::span<const Sample> samples,
                      const std::function<Result<Recipe>(const Sample&)>& recipe_of);

// `count` places from 0 to 1, as far apart as can be: 0 and 1 are among them; one: the middle.
// Rounded to a thousandth, as ids show them.
std::vector<double> spread_places(size_t count);

// "0.125".
std::string place_text(double place);

}  // namespace fathom
