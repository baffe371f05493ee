// Speed of a whole model at a depth of context, one JSON object a depth on standard output:
//
//   bench_model MODEL [--threads N] [--isa NAME] [--rounds N] DEPTH...
//
// At each depth: the seconds that the next 512 tokens take to read, and the milliseconds that a
// token takes when read one by one, as in decoding. Tokens are arbitrary: cost does not depend on
// them. The best of the rounds is told, since other programs only ever add time.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

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
  double prefill_s = 0;  // the next kPrompt tokens
  double decode_ms = 0;  // a token, the average of kDecoded
};

Result<size_t> parse_count(std::string_view text) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return Error{"'" + std::string(text) + "' is not a count"};
  return value;
}

Result<Options> parse(std::span<char*> arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument.starts_with("--")) {
      if (++i == arguments.size()) return Error{std::string(argument) + " needs a value"};
      if (argument == "--threads") {
        FATHOM_TRY(options.engine.threads, parse_count(arguments[i]));
      } else if (argument == "--rounds") {
        FATHOM_TRY(options.rounds, parse_count(arguments[i]));
      } else if (argument == "--isa") {
        FATHOM_TRY(options.engine.isa, parse_isa(arguments[i]));
      } else {
        return Error{std::string(argument) + ": not one of --threads, --rounds, --isa"};
      }
    } else if (options.engine.model.empty()) {
      options.engine.model = argument;
    } else {
      FATHOM_TRY(const size_t depth, parse_count(argument));
      options.depths.push_back(depth);
    }
  }
  if (options.depths.empty())
    return Error{"usage: bench_model MODEL [--threads N] [--isa NAME] [--rounds N] DEPTH..."};
  return options;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Result<Timing> time_at(Engine& engine, size_t depth) {
  SessionOptions options;
  options.context = depth + kPrompt + kDecoded;
  FATHOM_TRY(const auto session, Session::open(engine, options));
  std::vector<TokenId> tokens(depth + kPrompt + kDecoded);
  for (size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = static_cast<TokenId>(i * 7919 % engine.tokenizer().size());
  const std::span<const TokenId> all = tokens;
  Timing timing;

  auto start = std::chrono::steady_clock::now();
  if (depth > 0) FATHOM_CHECK(session->prefill(all.first(depth)));
  timing.depth_s = seconds_since(start);

  start = std::chrono::steady_clock::now();
  FATHOM_CHECK(session->prefill(all.subspan(depth, kPrompt)));
  timing.prefill_s = seconds_since(start);

  start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < kDecoded; ++i)
    FATHOM_CHECK(session->prefill(all.subspan(depth + kPrompt + i, 1)));
  timing.decode_ms = seconds_since(start) * 1000 / kDecoded;
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
