// Speed of a whole model at a depth of context, one JSON object a depth on standard output:
//
//   bench_model MODEL [--threads N] [--isa NAME] [--precision NAME] [--rounds N] DEPTH...
//
// At each depth: the milliseconds that a token takes when the next 32 are read one by one, as in
// decoding; then, 32 tokens deeper, the seconds that 512 take to read. Tokens are arbitrary: cost
// does not depend on them. The best of the rounds is told, since other programs only ever add time.
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "fathom/base/stopwatch.h"
#include "fathom/engine/engine.h"

namespace fathom {
namespace {

constexpr size_t kPrompt = 512;
constexpr size_t kDecoded = 32;

struct Options {
  EngineOptions engine;
  size_t rounds = 3;
  std::vector<size_t> depths;
};

struct Timing {
  double depth_s = 0;    // reading everything up to the depth
  double decode_ms = 0;  // a token, the average of the next kDecoded
  double prefill_s = 0;  // the kPrompt tokens after those
};

Result<Precision> parse_precision(std::string_view text) {
  std::string names;
  for (const Precision precision : all_precisions()) {
    if (text == name(precision)) return precision;
    names += " " + std::string(name(precision));
  }
  return Error{"'" + std::string(text) + "' is not one of" + names};
}

Result<Options> parse(std::span<char*> arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument.starts_with("--")) {
      if (++i == arguments.size()) return Error{std::string(argument) + " needs a value"};
      if (argument == "--threads") {
        FATHOM_TRY(options.engine.threads, parse_positive(arguments[i]));
      } else if (argument == "--rounds") {
        FATHOM_TRY(options.rounds, parse_positive(arguments[i]));
      } else if (argument == "--isa") {
        FATHOM_TRY(options.engine.isa, parse_isa(arguments[i]));
      } else if (argument == "--precision") {
        FATHOM_TRY(options.engine.precision, parse_precision(arguments[i]));
      } else {
        return Error{std::string(argument) +
                     ": not one of --threads, --isa, --precision, --rounds"};
      }
    } else if (options.engine.model.empty()) {
      options.engine.model = argument;
    } else {
      FATHOM_TRY(const size_t depth, parse_count(argument));
      options.depths.push_back(depth);
    }
  }
  if (options.depths.empty())
    return Error{
        "usage: bench_model MODEL [--threads N] [--isa NAME] [--precision NAME] [--rounds N] "
        "DEPTH..."};
  return options;
}

Result<Timing> time_at(Engine& engine, size_t depth) {
  SessionOptions options;
  options.context = depth + kPrompt + kDecoded;
  options.past_trained = true;
  FATHOM_TRY(const auto session, Session::open(engine, options));
  std::vector<TokenId> tokens(depth + kPrompt + kDecoded);
  for (size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = static_cast<TokenId>(i * 7919 % engine.tokenizer().size());
  const std::span<const TokenId> all = tokens;
  Timing timing;

  const Stopwatch reading;
  if (depth > 0) FATHOM_CHECK(session->prefill(all.first(depth)));
  timing.depth_s = reading.seconds();

  const Stopwatch decoding;
  for (size_t i = 0; i < kDecoded; ++i) FATHOM_CHECK(session->prefill(all.subspan(depth + i, 1)));
  timing.decode_ms = decoding.seconds() * 1000 / kDecoded;

  const Stopwatch prefilling;
  FATHOM_CHECK(session->prefill(all.subspan(depth + kDecoded, kPrompt)));
  timing.prefill_s = prefilling.seconds();
  return timing;
}

Status run(const Options& options) {
  FATHOM_TRY(const auto engine, Engine::load(options.engine));
  for (const size_t depth : options.depths) {
    Timing best;
    for (size_t round = 0; round < options.rounds; ++round) {
      FATHOM_TRY(const Timing timing, time_at(*engine, depth));
      if (round == 0) best = timing;
      best.depth_s = std::min(best.depth_s, timing.depth_s);
      best.prefill_s = std::min(best.prefill_s, timing.prefill_s);
      best.decode_ms = std::min(best.decode_ms, timing.decode_ms);
    }
    std::printf(
        "{\"depth\": %zu, \"depth_s\": %.4f, \"prefill_tokens\": %zu, \"prefill_s\": %.4f, "
        "\"decode_ms\": %.3f, \"isa\": \"%s\", \"precision\": \"%s\", \"threads\": %zu}\n",
        depth, best.depth_s, kPrompt, best.prefill_s, best.decode_ms,
        std::string(name(engine->compute().isa)).c_str(),
        std::string(name(engine->precision())).c_str(), engine->threads());
    std::fflush(stdout);
  }
  return {};
}

}  // namespace
}  // namespace fathom

int main(int argc, char** argv) {
  const auto options = fathom::parse({argv + 1, static_cast<size_t>(argc - 1)});
  const fathom::Status status = options ? fathom::run(*options) : fathom::Status(options.error());
  if (status) return 0;
  std::fprintf(stderr, "bench_model: %s\n", status.error().message.c_str());
  return 1;
}
