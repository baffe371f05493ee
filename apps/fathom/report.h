// What `fathom run` did: the settings in force, and the figures.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "fathom/engine/engine.h"

namespace fathom {

struct RunReport {
  std::string model;  // as the user named it
  std::string form;   // the prompt's
  std::string attention;
  std::string kv;
  std::string kv_split;
  std::string notes;  // flags that changed nothing, a line each
  const Engine* engine = nullptr;
  const Session* session = nullptr;
  SamplingOptions sampling;
  size_t prompt_tokens = 0;
  size_t read_tokens = 0;  // fewer when interrupted
  double prefill_seconds = 0;
  GenerationResult answer;

  double prefill_speed() const;  // tokens/s
  double decode_speed() const;   // tokens/s; the first token comes with the prefill
};

std::string settings_text(const RunReport& report);
std::string timings_text(const RunReport& report);
nlohmann::ordered_json to_json(const RunReport& report);

}  // namespace fathom
