#include "fathom/eval/records.h"

#include <utility>

namespace fathom {
namespace {

Json to_json(const Technique& technique) {
  return {{"label", technique.label()},
          {"attn", technique.attn},
          {"kv", technique.kv},
          {"kv_split", technique.kv_split},
          {"rope", technique.rope}};
}

Technique technique_of(const Json& json) {
  Technique technique;
  technique.attn = json.at("attn").get<std::string>();
  technique.kv = json.at("kv").get<std::string>();
  technique.kv_split = json.at("kv_split").get<std::string>();
  technique.rope = json.at("rope").get<std::string>();
  return technique;
}

}  // namespace

Json to_json(const Record& record) {
  const Measurement& measured = record.measured;
  return {{"sample", record.sample},   {"technique", record.technique}, {"length", record.length},
          {"facts", record.facts},     {"values", measured.values},     {"costs", measured.costs},
          {"curves", measured.curves}, {"details", measured.details}};
}

Result<Record> record_of(const Json& json) {
  try {
    Record record;
    record.sample = json.at("sample").get<std::string>();
    record.technique = json.at("technique").get<size_t>();
    record.length = json.at("length").get<size_t>();
    record.facts = json.at("facts");
    record.measured = {.values = json.at("values"),
                       .details = json.at("details"),
                       .curves = json.at("curves"),
                       .costs = json.at("costs")};
    return record;
  } catch (const Json::exception& error) {
    return Error{error.what()};
  }
}

Json to_json(const RunHeader& header) {
  Json techniques = Json::array();
  for (const Technique& technique : header.techniques) techniques.push_back(to_json(technique));
  return {{"command", header.command},
          {"task", header.task},
          {"model", header.model},
          {"model_sha256", header.model_sha256},
          {"trained_context", header.trained_context},
          {"precision", header.precision},
          {"isa", header.isa},
          {"threads", header.threads},
          {"chunk", header.chunk},
          {"lengths", header.lengths},
          {"samples", header.samples},
          {"depths", header.depths},
          {"seed", header.seed},
          {"raw", header.raw},
          {"files", header.files},
          {"prompts_sha256", header.prompts_sha256},
          {"flags", header.flags},
          {"techniques", techniques}};
}

Result<RunHeader> header_of(const Json& json) {
  try {
    RunHeader header;
    header.command = json.value("command", "");
    header.task = json.at("task").get<std::string>();
    header.model = json.at("model").get<std::string>();
    header.model_sha256 = json.at("model_sha256").get<std::string>();
    header.trained_context = json.at("trained_context").get<size_t>();
    header.precision = json.at("precision").get<std::string>();
    header.isa = json.at("isa").get<std::string>();
    header.threads = json.at("threads").get<size_t>();
    header.chunk = json.at("chunk").get<size_t>();
    header.lengths = json.at("lengths").get<std::vector<size_t>>();
    header.samples = json.at("samples").get<size_t>();
    header.depths = json.at("depths").get<size_t>();
    header.seed = json.at("seed").get<uint64_t>();
    header.raw = json.at("raw").get<bool>();
    header.files = json.at("files");
    header.prompts_sha256 = json.value("prompts_sha256", "");
    header.flags = json.at("flags");
    for (const Json& technique : json.at("techniques"))
      header.techniques.push_back(technique_of(technique));
    return header;
  } catch (const Json::exception& error) {
    return Error{error.what()};
  }
}

}  // namespace fathom
