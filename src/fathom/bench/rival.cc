#include "fathom/bench/rival.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "fathom/bench/capture.h"

namespace fathom {
namespace {

using Json = nlohmann::json;

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

std::string setting(const RivalRow& row) { return "flash " + row.flash + ", " + row.cache; }

// llama.cpp and its forks write a switch as a number or as a truth value.
std::string as_switch(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

RivalRow parse_row(const Json& json) {
  RivalRow row;
  row.prompt = json.at("n_prompt").get<size_t>();
  row.generated = json.at("n_gen").get<size_t>();
  double ns = json.at("avg_ns").get<double>();
  for (const Json& sample : json.value("samples_ns", Json::array()))
    ns = std::min(ns, sample.get<double>());
  row.seconds = ns * 1e-9;
  row.flash = as_switch(json.at("flash_attn"));
  row.cache = json.at("type_k").get<std::string>();
  row.build = json.value("build_commit", "");
  return row;
}

// The least time of the rows that `counts`; null where there is none.
template <class Counts>
const RivalRow* fastest(const std::vector<RivalRow>& rows, const Counts& counts) {
  const RivalRow* best = nullptr;
  for (const RivalRow& row : rows)
    if (counts(row) && (best == nullptr || row.seconds < best->seconds)) best = &row;
  return best;
}

// The fastest prefill at a depth of a program that cannot fill it, over all settings.
bool derive_prefill(const std::vector<RivalRow>& rows, size_t depth, RivalTimes& times) {
  times.prefill_s = std::numeric_limits<double>::infinity();
  for (const RivalRow& all : rows) {
    if (all.generated > 0 || all.prompt != depth + kPrefillTokens) continue;
    const RivalRow* const first = fastest(rows, [&](const RivalRow& row) {
      return row.generated == 0 && row.prompt == kPrefillTokens && setting(row) == setting(all);
    });
    if (first == nullptr) continue;
    const double seconds = prefill_at(depth, first->seconds, all.seconds);
    if (seconds >= times.prefill_s) continue;
    times.prefill_s = seconds;
    times.prefill_with = setting(all);
  }
  return times.prefill_s < std::numeric_limits<double>::infinity();
}

}  // namespace

double prefill_at(size_t depth, double first_s, double all_s) {
  const auto first = static_cast<double>(kPrefillTokens);
  const auto before = static_cast<double>(depth);
  if (depth == 0) return first_s;
  const double all = before + first;
  const double b = (all_s / all - first_s / first) / before;
  const double a = first_s / first - b * first;
  return a * first + b * (all * all - before * before);
}

Result<std::vector<RivalRow>> parse_rival_rows(std::string_view text) {
  std::vector<RivalRow> rows;
  try {
    for (const Json& row : Json::parse(text)) rows.push_back(parse_row(row));
  } catch (const Json::exception& error) {
    return Error{std::string("its output is not llama-bench's JSON: ") + error.what()};
  }
  if (rows.empty()) return Error{"its output has no results"};
  return rows;
}

Result<Rival> Rival::open(std::string_view text) {
  Rival rival;
  const size_t equals = text.find('=');
  const bool named = equals != std::string_view::npos &&
                     text.substr(0, equals).find('/') == std::string_view::npos;
  rival.program_ = named ? text.substr(equals + 1) : text;
  rival.name_ = named ? text.substr(0, equals) : text;
  FATHOM_TRY(const std::string help, capture({rival.program_, "--help"}));
  if (help.find("--n-prompt") == std::string::npos)
    return Error{rival.program_ + ": is no llama-bench: its --help has no --n-prompt"};
  rival.fills_depth_ = help.find("--n-depth") != std::string::npos;
  return rival;
}

std::vector<std::string> Rival::arguments(const RivalSettings& settings,
                                          const std::string& model_path, const std::string& cache,
                                          size_t depth) const {
  std::vector<std::string> words = {program_,
                                    "-m",
                                    model_path,
                                    "-t",
                                    std::to_string(settings.threads),
                                    "-fa",
                                    join(settings.flash),
                                    "-ctk",
                                    cache,
                                    "-ctv",
                                    cache,
                                    "-ngl",
                                    "0",
                                    "-o",
                                    "json"};
  const std::string prefill = std::to_string(kPrefillTokens);
  const std::string decode = std::to_string(kDecodeTokens);
  const std::string at = std::to_string(depth);
  const auto add = [&](std::vector<std::string> more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  const bool reads_all = depth > 0 && !fills_depth_;
  // Reading everything again for every repetition averages by itself.
  add({"-r", std::to_string(reads_all ? 1 : settings.rounds)});
  if (!reads_all) add({"-p", prefill, "-n", decode});
  if (depth > 0 && fills_depth_) add({"-d", at});
  if (reads_all)
    add({"-p", prefill + "," + std::to_string(depth + kPrefillTokens), "-n", "0", "-gp",
         at + "," + decode});
  return words;
}

Result<RivalTimes> Rival::measure(const RivalSettings& settings, const std::string& model_path,
                                  size_t depth) const {
  std::vector<RivalRow> rows;
  for (const std::string& cache : settings.caches) {
    FATHOM_TRY(const std::string output, capture(arguments(settings, model_path, cache, depth)));
    const auto parsed = parse_rival_rows(output);
    if (!parsed.ok()) return Error{program_ + ": " + parsed.error().message};
    rows.insert(rows.end(), parsed.value().begin(), parsed.value().end());
  }
  RivalTimes times;
  times.build = rows.front().build;
  bool found = true;
  if (fills_depth_ || depth == 0) {
    const RivalRow* const prefill =
        fastest(rows, [](const RivalRow& row) { return row.generated == 0; });
    found = prefill != nullptr;
    if (found) times.prefill_s = prefill->seconds;
    if (found) times.prefill_with = setting(*prefill);
  } else {
    found = derive_prefill(rows, depth, times);
    times.note = "prefill derived from reading 512 and " + std::to_string(depth + kPrefillTokens);
  }
  const RivalRow* const decode =
      fastest(rows, [](const RivalRow& row) { return row.generated > 0; });
  if (!found || decode == nullptr)
    return Error{program_ + ": its output lacks the prefill or the decoding that was asked for"};
  times.decode_s = decode->seconds / static_cast<double>(kDecodeTokens);
  times.decode_with = setting(*decode);
  return times;
}

}  // namespace fathom
