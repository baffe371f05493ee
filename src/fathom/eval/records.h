// What an evaluation writes down: a header that says what was asked, and a record for each sample
// and technique. Files of a run's folder hold the same as JSON.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/eval/task.h"

namespace fathom {

struct Record {
  std::string sample;    // Sample::id
  size_t technique = 0;  // an index into RunHeader::techniques
  size_t length = 0;
  Json facts;
  Measurement measured;
};
Json to_json(const Record& record);
Result<Record> record_of(const Json& json);

struct RunHeader {
  std::string command;  // as it was typed, for people
  std::string task;
  std::string model;  // as it was given
  std::string model_sha256;
  size_t trained_context = 0;
  std::string precision;
  std::string isa;
  size_t threads = 0;
  size_t chunk = 0;
  std::vector<size_t> lengths;
  size_t samples = 0;
  size_t depths = 0;
  uint64_t seed = 0;
  bool raw = false;
  Json files = Json::array();  // [{"name", "sha256"}]
  // Of what the first sample of each length asks: other texts than before are noticed, wherever a
  // task has them from.
  std::string prompts_sha256;
  Json flags = Json::object();  // the task's own
  std::vector<Technique> techniques;
};
Json to_json(const RunHeader& header);
// Techniques come back as text alone, their options are the usual ones.
Result<RunHeader> header_of(const Json& json);

}  // namespace fathom
