#include "fathom/eval/recipe.h"

#include <cmath>
#include <cstdio>

namespace fathom {

Status check_shortest(const PromptForm& form, std::span<const Sample> samples,
                      const std::function<Result<Recipe>(const Sample&)>& recipe_of) {
  for (const Sample& sample : samples) {
    if (sample.length > samples.front().length) break;
    // Others of a kind are about as long.
    if (sample.facts.contains("sample") && sample.facts["sample"] != 0) continue;
    FATHOM_TRY(const Recipe recipe, recipe_of(sample));
    const Question least = recipe.make(recipe.least);
    FATHOM_TRY(const std::vector<TokenId> tokens, form.tokens(least));
    if (tokens.size() + least.max_tokens > sample.length)
      return Error{fill(form, sample.length, recipe).error().message + " (" + sample.id + ")"};
  }
  return {};
}

std::vector<double> spread_places(size_t count) {
  if (count == 1) return {0.5};
  std::vector<double> places;
  for (size_t i = 0; i < count; ++i) {
    const double place = static_cast<double>(i) / static_cast<double>(count - 1);
    places.push_back(std::round(place * 1000) / 1000);
  }
  return places;
}

std::string place_text(double place) {
  char text[16];
  std::snprintf(text, sizeof text, "%.3f", place);
  return text;
}

}  // namespace fathom
