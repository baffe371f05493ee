#include "fathom/eval/merged_runs.h"

#include <algorithm>
#include <set>
#include <utility>

namespace fathom {
namespace {

// Whether their samples are the same and took their time alike, so that their records may stand
// beside each other.
bool alike(const RunHeader& a, const RunHeader& b) {
  const auto samples_of = [](const RunHeader& header) {
    Json json = to_json(header);
    for (const char* key : {"model", "techniques", "command"}) json.erase(key);
    return json;
  };
  return samples_of(a) == samples_of(b);
}

// Where `technique` stands among those of `header`; it is added where it is missing.
size_t place_of(const Technique& technique, RunHeader& header) {
  const auto found = std::ranges::find_if(header.techniques, [&](const Technique& other) {
    return technique.attn == other.attn && technique.kv == other.kv &&
           technique.kv_split == other.kv_split && technique.rope == other.rope;
  });
  const auto place = static_cast<size_t>(found - header.techniques.begin());
  if (found == header.techniques.end()) header.techniques.push_back(technique);
  return place;
}

void add(const RunResults& run, RunResults& merged) {
  std::set<std::pair<std::string, size_t>> measured;
  for (const Record& record : merged.records) measured.emplace(record.sample, record.technique);
  std::vector<size_t> places;
  places.reserve(run.header.techniques.size());
  for (const Technique& technique : run.header.techniques)
    places.push_back(place_of(technique, merged.header));
  for (const Record& record : run.records) {
    if (record.technique >= places.size()) continue;
    Record moved = record;
    moved.technique = places[record.technique];
    if (measured.emplace(moved.sample, moved.technique).second)
      merged.records.push_back(std::move(moved));
  }
  if (!run.header.command.empty()) merged.header.command += "\n" + run.header.command;
}

}  // namespace

std::vector<RunResults> merge_alike(const std::vector<RunResults>& runs) {
  std::vector<RunResults> merged;
  for (const RunResults& run : runs) {
    const auto found = std::ranges::find_if(
        merged, [&run](const RunResults& other) { return alike(run.header, other.header); });
    if (found == merged.end())
      merged.push_back(run);
    else
      add(run, *found);
  }
  return merged;
}

}  // namespace fathom
