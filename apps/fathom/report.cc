#include "report.h"

#include <algorithm>
#include <cstdio>

#include <sys/resource.h>

#include "fathom/model/rope_of_model.h"
#include "terminal.h"

namespace fathom {
namespace {

double speed(size_t tokens, double seconds) {
  return seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
}

// Three digits, however small: "0.0123 %".
std::string percent(double fraction) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100 * fraction);
  return text;
}

size_t peak_rss_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<size_t>(usage.ru_maxrss) * 1024;
}

std::string sampling_text(const SamplingOptions& sampling) {
  const auto number = [](double x) { return nlohmann::json(x).dump(); };
  std::string text = "greedy";
  if (sampling.temperature > 0) {
    text = "temperature " + number(sampling.temperature);
    if (sampling.top_k > 0) text += ", top-k " + std::to_string(sampling.top_k);
    if (sampling.top_p < 1) text += ", top-p " + number(sampling.top_p);
    if (sampling.min_p > 0) text += ", min-p " + number(sampling.min_p);
  }
  if (sampling.repetition_penalty != 1)
    text += ", repetition penalty " + number(sampling.repetition_penalty);
  return text + ", seed " + std::to_string(sampling.seed);
}

// What the cache dropped, if it did.
std::string cache_text(const KvCount& count) {
  if (count.evicted == 0) return "";
  size_t least = SIZE_MAX;
  size_t most = 0;
  for (const std::vector<size_t>& heads : count.kept) {
    for (const size_t kept : heads) {
      least = std::min(least, kept);
      most = std::max(most, kept);
    }
  }
  return "kept       " + grouped(least) + (least == most ? "" : " to " + grouped(most)) +
         " tokens a head; " + grouped(count.evicted) + " evicted, over all heads\n";
}

}  // namespace

double RunReport::prefill_speed() const {
  return speed(read_tokens - session->recalled(), prefill_seconds);
}

double RunReport::decode_speed() const {
  return speed(session->read() - read_tokens, answer.seconds);
}

std::string settings_text(const RunReport& report) {
  const Compute& compute = report.engine->compute();
  return "model      " + printable(report.model) + " (" +
         printable(report.engine->model().spec.architecture) + ")\n" +                       //
         "prompt     " + grouped(report.prompt_tokens) + " tokens, " + report.form + "\n" +  //
         "context    " +
         (report.session->has_end() ? grouped(report.session->context()) + " tokens" : "no end") +
         "\n" +                                                                //
         "rope       " + brief(report.session->model().rope_scaling) + "\n" +  //
         "attention  " + report.attention + "\n" +                             //
         "cache      " + report.kv + "\n" +                                    //
         "compute    " + std::string(name(report.engine->precision())) + ", " +
         std::string(name(compute.isa)) + ", " + std::to_string(report.engine->threads()) +
         " threads\n" +  //
         "sampling   " + sampling_text(report.sampling) + "\n";
}

std::string timings_text(const RunReport& report) {
  const std::optional<double> mass = report.session->attention_count().mass_kept();
  const size_t recalled = report.session->recalled();
  return "read       " + grouped(report.read_tokens - recalled) + " tokens" +
         (recalled > 0 ? ", after " + grouped(recalled) + " that were kept, in " : " in ") +
         human_number(report.prefill_seconds) + " s, " + human_number(report.prefill_speed()) +
         " tokens/s\n" +  //
         "answered   " + grouped(report.answer.tokens) + " tokens in " +
         human_number(report.answer.seconds) + " s, " + human_number(report.decode_speed()) +
         " tokens/s; ended by " + std::string(name(report.answer.reason)) + "\n" +  //
         "scored     " + percent(report.session->attention_count().fraction()) +
         " of the pairs of full attention" +
         (mass ? ", which keep " + percent(*mass) + " of its weight" : "") + "\n" +  //
         cache_text(report.session->kv_count()) + "memory     " +
         human_bytes(report.session->kv_bytes()) + " of cache, " + human_bytes(peak_rss_bytes()) +
         " at the peak\n";
}

nlohmann::ordered_json to_json(const RunReport& report) {
  const std::optional<double> mass = report.session->attention_count().mass_kept();
  const Compute& compute = report.engine->compute();
  const KvCount count = report.session->kv_count();
  return {{"text", report.answer.text},
          {"stop_reason", name(report.answer.reason)},
          {"model", report.model},
          {"prompt_form", report.form},
          {"attn", report.attention},
          {"context", report.session->has_end() ? nlohmann::ordered_json(report.session->context())
                                                : nlohmann::ordered_json(nullptr)},
          {"rope", brief(report.session->model().rope_scaling)},
          {"prompt_tokens", report.prompt_tokens},
          {"cached_tokens", report.session->recalled()},
          {"completion_tokens", report.answer.tokens},
          {"prefill_s", report.prefill_seconds},
          {"prefill_tokens_per_s", report.prefill_speed()},
          {"decode_s", report.answer.seconds},
          {"decode_tokens_per_s", report.decode_speed()},
          {"pairs_scored", report.session->attention_count().fraction()},
          {"mass_kept", mass ? nlohmann::ordered_json(*mass) : nlohmann::ordered_json(nullptr)},
          {"kv", report.kv},
          {"kv_split", report.kv_split},
          {"kv_bytes", report.session->kv_bytes()},
          {"kv_resident_bytes", count.bytes},
          {"kv_file_bytes", count.file_bytes},
          {"kv_nominal_bytes", count.nominal_bytes},
          {"kv_evicted", count.evicted},
          {"kv_kept", count.kept},
          {"peak_rss_bytes", peak_rss_bytes()},
          {"threads", report.engine->threads()},
          {"isa", name(compute.isa)},
          {"precision", name(report.engine->precision())},
          {"seed", report.sampling.seed}};
}

}  // namespace fathom
