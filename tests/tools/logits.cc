// tool_logits MODEL TOKENS [--precision f32|bf16|int8|fast] [--isa NAME] [--threads N] [--chunk N]
// [--attn SPEC] [--kv SPEC] [--rope SCALING] [--context N] > rows: the logits of every token,
// [tokens, vocabulary] f32, to standard output as they are computed. TOKENS is a file of int32.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/engine/engine.h"

namespace {

using namespace fathom;

struct Arguments {
  std::string tokens_path;
  EngineOptions engine;
  SessionOptions session;
};

Result<Precision> parse_precision(std::string_view text) {
  for (const Precision precision : all_precisions())
    if (text == name(precision)) return precision;
  return Error{"--precision " + std::string(text) + ": not one of f32, bf16, int8, fast"};
}

Result<Arguments> parse(int argc, char** argv) {
  if (argc < 3 || argc % 2 == 0) return Error{"usage: tool_logits MODEL TOKENS [--FLAG VALUE]..."};
  Arguments arguments{.tokens_path = argv[2], .engine = {.model = argv[1]}, .session = {}};
  for (int i = 3; i < argc; i += 2) {
    const std::string_view flag = argv[i];
    const std::string_view value = argv[i + 1];
    if (flag == "--isa") {
      FATHOM_TRY(arguments.engine.isa, parse_isa(value));
    } else if (flag == "--precision") {
      FATHOM_TRY(arguments.engine.precision, parse_precision(value));
    } else if (flag == "--threads") {
      arguments.engine.threads = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (flag == "--chunk") {
      arguments.session.chunk = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (flag == "--attn") {
      FATHOM_TRY(arguments.session.attention, parse_attention(value));
    } else if (flag == "--kv") {
      FATHOM_TRY(arguments.session.kv.spec, parse_kv_spec(value));
    } else if (flag == "--rope") {
      FATHOM_TRY(arguments.session.rope, parse_rope_scaling(value));
    } else if (flag == "--context") {
      arguments.session.context = std::strtoull(argv[i + 1], nullptr, 10);
    } else {
      return Error{std::string(flag) + " " + std::string(value) + ": no such flag or value"};
    }
  }
  return arguments;
}

Result<std::vector<TokenId>> read_tokens(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty() || bytes.size() % sizeof(TokenId) != 0)
    return Error{path + ": missing, empty, or not a whole number of int32"};
  std::vector<TokenId> tokens(bytes.size() / sizeof(TokenId));
  std::memcpy(tokens.data(), bytes.data(), bytes.size());
  return tokens;
}

Status run(const Arguments& arguments) {
  FATHOM_TRY(const std::vector<TokenId> tokens, read_tokens(arguments.tokens_path));
  FATHOM_TRY(const auto engine, Engine::load(arguments.engine));
  FATHOM_TRY(const auto session, Session::open(*engine, arguments.session));
  bool written = true;
  std::vector<size_t> all(tokens.size());
  std::iota(all.begin(), all.end(), size_t{0});
  FATHOM_CHECK(session->score(tokens, all, [&](size_t, ConstMatrix<float> rows) {
    for (size_t i = 0; i < rows.rows; ++i)
      written &= std::fwrite(rows.row(i), sizeof(float), rows.cols, stdout) == rows.cols;
  }));
  if (!written) return Error{"standard output: cannot write"};
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = parse(argc, argv);
  const Status status = arguments.ok() ? run(*arguments) : Status(arguments.error());
  if (status.ok()) return 0;
  std::fprintf(stderr, "tool_logits: %s\n", status.error().message.c_str());
  return 1;
}
