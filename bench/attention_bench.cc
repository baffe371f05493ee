// Speed of attend() alone, as a share of what this machine can do, measured beside each point:
//
//   bench_attention [--threads N] [--isa NAME] [--operand bf16|f32] [--json] [DEPTH...]
//
// For each head size: a causal chunk of 512 queries at each depth, in time, GFLOP/s (4 * head_dim a
// scored pair and head) and share of the peak multiply-add rate; and a single query, as in
// decoding, in time, GB/s of cache read and share of the memory's bandwidth. The single query goes
// round more copies of its keys and values than the CPU's caches hold, so that it reads them from
// memory, as it does where a model's weights have passed in between. Nine query heads share three
// KV heads. The best of the rounds is told, since other programs only ever add time.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "fathom/attention/planner.h"
#include "fathom/attention/spec.h"
#include "fathom/base/buffer.h"
#include "fathom/kernels/attend.h"
#include "fathom/kernels/panel.h"
#include "peak.h"
#include "shortest.h"

namespace fathom {
namespace {

constexpr size_t kHeads = 9;
constexpr size_t kKvHeads = 3;
constexpr size_t kChunk = 512;
constexpr double kSecondsPerPoint = 0.6;

struct Options {
  Compute compute;
  size_t threads = available_cores();
  bool json = false;
  std::vector<size_t> depths;
};

Result<Options> parse(std::span<char*> arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view flag = arguments[i];
    if (flag == "--json") {
      options.json = true;
    } else if (!flag.starts_with("--")) {
      FATHOM_TRY(const size_t depth, parse_count(flag));
      options.depths.push_back(depth);
    } else if (++i == arguments.size()) {
      return Error{std::string(flag) + " needs a value"};
    } else if (flag == "--threads") {
      FATHOM_TRY(options.threads, parse_positive(arguments[i]));
    } else if (flag == "--isa") {
      FATHOM_TRY(options.compute.isa, parse_isa(arguments[i]));
    } else if (flag == "--operand") {
      FATHOM_TRY(options.compute.operand, parse_operand(arguments[i]));
    } else {
      return Error{std::string(flag) + ": not one of --threads, --isa, --operand, --json"};
    }
  }
  if (options.depths.empty()) options.depths = {0, 1024, 4096, 8192, 16384, 32768};
  return options;
}

// The last `queries` of `tokens`, each seeing itself and all before.
BlockPlan causal_plan(const Pattern& pattern, int64_t queries, int64_t tokens) {
  return plan_blocks(pattern, {.queries = {{tokens - queries}, {tokens}}, .keys = {{0}, {tokens}}});
}

// `copies` caches of the same `tokens` random keys and values.
class Caches {
 public:
  Caches(Operand operand, size_t head_dim, size_t tokens, size_t copies)
      : blocks_((tokens + kBlock - 1) / kBlock),
        copy_bytes_(2 * kKvHeads * blocks_ * kv_block_bytes(operand, head_dim)),
        memory_(copies * copy_bytes_) {
    const size_t block_bytes = kv_block_bytes(operand, head_dim);
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> rows(kBlock * head_dim);
    for (size_t b = 0; b < kKvHeads * blocks_; ++b) {
      for (float& x : rows) x = normal(random);
      std::byte* keys = memory_.data() + 2 * b * block_bytes;
      pack_keys(operand, {rows.data(), kBlock, head_dim}, 0, keys);
      pack_values(operand, {rows.data(), kBlock, head_dim}, 0, keys + block_bytes);
    }
    for (size_t c = 1; c < copies; ++c)
      std::memcpy(memory_.data() + c * copy_bytes_, memory_.data(), copy_bytes_);
    for (size_t b = 0; b < copies * kKvHeads * blocks_; ++b) {
      keys_.push_back(memory_.data() + 2 * b * block_bytes);
      values_.push_back(keys_.back() + block_bytes);
    }
    for (size_t h = 0; h < copies * kKvHeads; ++h)
      views_.push_back({keys_.data() + h * blocks_, values_.data() + h * blocks_});
  }
  std::span<const KvHeadView> copy(size_t index) const {
    return {views_.data() + index * kKvHeads, kKvHeads};
  }

 private:
  size_t blocks_;
  size_t copy_bytes_;
  Buffer<std::byte> memory_;
  std::vector<const std::byte*> keys_, values_;
  std::vector<KvHeadView> views_;
};

// Seconds of one call, on average over a round of the first `copies` caches.
double time_attend(const Compute& compute, const Caches& caches, size_t copies, size_t head_dim,
                   const BlockPlan& plan) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  const size_t width = kHeads * head_dim;
  std::vector<float> q(plan.queries * width);
  for (float& x : q) x = normal(random);
  std::vector<float> out(q.size());
  const std::vector<const BlockPlan*> plans(kHeads, &plan);
  AttendArgs args;
  args.queries = {q.data(), plan.queries, width};
  args.out = {out.data(), plan.queries, width};
  args.head_dim = head_dim;
  args.scale = 1 / std::sqrt(static_cast<float>(head_dim));
  args.plan_of_head = plans;
  const double seconds = shortest_seconds(kSecondsPerPoint, [&] {
    for (size_t c = 0; c < copies; ++c) {
      args.kv_heads = caches.copy(c);
      attend(compute, args);
    }
  });
  return seconds / static_cast<double>(copies);
}

void report(const Options& options, const Pattern& pattern, size_t head_dim, size_t depth) {
  const Compute& compute = options.compute;
  const size_t tokens = depth + kChunk;
  const size_t bytes = 2 * kKvHeads * head_dim * tokens * operand_bytes(compute.operand);
  const size_t copies = 2 * cache_bytes() / bytes + 1;
  const Caches caches(compute.operand, head_dim, tokens, copies);

  const BlockPlan chunk = causal_plan(pattern, kChunk, static_cast<int64_t>(tokens));
  const double peak = peak_flops(compute);
  const double chunk_s = time_attend(compute, caches, 1, head_dim, chunk);
  const double flops = 4.0 * static_cast<double>(head_dim * kHeads * scored_pairs(chunk)) / chunk_s;

  const BlockPlan last = causal_plan(pattern, 1, static_cast<int64_t>(tokens));
  const double bandwidth = read_bandwidth(compute);
  const double token_s = time_attend(compute, caches, copies, head_dim, last);
  const double read = static_cast<double>(bytes) / token_s;

  std::printf(options.json
                  ? "{\"isa\": \"%s\", \"operand\": \"%s\", \"threads\": %zu, "
                    "\"head_dim\": %zu, \"depth\": %zu, \"chunk_ms\": %.3f, "
                    "\"gflops\": %.1f, \"of_peak\": %.3f, \"token_ms\": %.4f, "
                    "\"gb_s\": %.2f, \"of_bandwidth\": %.3f}\n"
                  : "%-10s %-4s %2zu threads  head %3zu  depth %6zu | 512 queries %9.3f ms "
                    "%7.1f GFLOP/s %5.3f of peak | 1 query %8.4f ms %6.2f GB/s %5.3f of "
                    "memory\n",
              std::string(name(compute.isa)).c_str(), std::string(name(compute.operand)).c_str(),
              options.threads, head_dim, depth, chunk_s * 1e3, flops / 1e9, flops / peak,
              token_s * 1e3, read / 1e9, read / bandwidth);
  std::fflush(stdout);
}

int run(std::span<char*> arguments) {
  Result<Options> options = parse(arguments);
  if (!options.ok()) {
    std::fprintf(stderr, "bench_attention: %s\n", options.error().message.c_str());
    return 2;
  }
  ThreadPool pool(options->threads);
  options->compute.pool = &pool;
  const PatternPtr pattern = parse_pattern("full").value();
  for (size_t head_dim : {64, 128, 256})
    for (size_t depth : options->depths) report(*options, *pattern, head_dim, depth);
  return 0;
}

}  // namespace
}  // namespace fathom

int main(int argc, char** argv) { return fathom::run({argv + 1, static_cast<size_t>(argc - 1)}); }
