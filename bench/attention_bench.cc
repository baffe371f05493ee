// Speed of attend() alone, as a share of what this machine can do, measured in the same run:
//
//   bench_attention [--threads N] [--isa NAME] [--operand bf16|f32] [--json] [DEPTH...]
//
// For each head size: a causal chunk of 512 queries at each depth, in time, GFLOP/s (4 * head_dim a
// scored pair and head) and share of the peak multiply-add rate; and a single query, as in
// decoding, in time, GB/s of cache read and share of the memory's bandwidth. Nine query heads share
// three KV heads. The best of the rounds is told, since other programs only ever add time.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/buffer.h"
#include "fathom/kernels/attend.h"
#include "fathom/kernels/panel.h"
#include "peak.h"

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

Result<size_t> parse_count(std::string_view text) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return Error{std::string(text) + ": not a count"};
  return value;
}

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
      FATHOM_TRY(options.threads, parse_count(arguments[i]));
      if (options.threads == 0) return Error{"--threads: at least 1"};
    } else if (flag == "--isa") {
      FATHOM_TRY(options.compute.isa, parse_isa(arguments[i]));
    } else if (flag == "--operand") {
      const std::string_view operand = arguments[i];
      if (operand != "bf16" && operand != "f32") return Error{"--operand: bf16 or f32"};
      options.compute.operand = operand == "f32" ? Operand::f32 : Operand::bf16;
    } else {
      return Error{std::string(flag) + ": not one of --threads, --isa, --operand, --json"};
    }
  }
  if (options.depths.empty()) options.depths = {0, 1024, 4096, 8192, 16384, 32768};
  return options;
}

// `queries` after `depth` earlier tokens, each seeing itself and all before.
BlockPlan causal_plan(size_t queries, size_t depth) {
  BlockPlan plan;
  plan.queries = queries;
  for (size_t q = 0; q < queries; q += kBlock) {
    const size_t full = (depth + q) / kBlock;
    const size_t rest = (depth + q) % kBlock;  // slots of block `full` that the first query follows
    if (full > 0) plan.runs.push_back({0, static_cast<uint32_t>(full), KeyRun::kFull});
    BlockMask masks[2] = {};
    for (size_t i = 0; i < std::min(kBlock, queries - q); ++i) {
      for (size_t j = 0; j <= rest + i; ++j)
        masks[j / kBlock].rows[i] |= uint64_t{1} << (j % kBlock);
    }
    for (uint32_t m = 0; m < 2 && masks[m].rows != BlockMask{}.rows; ++m) {
      plan.runs.push_back(
          {static_cast<uint32_t>(full) + m, 1, static_cast<uint32_t>(plan.masks.size())});
      plan.masks.push_back(masks[m]);
    }
    plan.run_begin.push_back(static_cast<uint32_t>(plan.runs.size()));
  }
  return plan;
}

// A cache of `tokens` random keys and values.
class Cache {
 public:
  Cache(Operand operand, size_t head_dim, size_t tokens)
      : block_bytes_(kv_block_bytes(operand, head_dim)),
        blocks_((tokens + kBlock - 1) / kBlock),
        memory_(2 * kKvHeads * blocks_ * block_bytes_) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> rows(kBlock * head_dim);
    for (size_t h = 0; h < kKvHeads; ++h) {
      for (size_t b = 0; b < blocks_; ++b) {
        for (float& x : rows) x = normal(random);
        std::byte* block = memory_.data() + 2 * (h * blocks_ + b) * block_bytes_;
        keys_.push_back(block);
        values_.push_back(block + block_bytes_);
        pack_keys(operand, {rows.data(), kBlock, head_dim}, 0, block);
        pack_values(operand, {rows.data(), kBlock, head_dim}, 0, block + block_bytes_);
      }
    }
    for (size_t h = 0; h < kKvHeads; ++h)
      views_.push_back({keys_.data() + h * blocks_, values_.data() + h * blocks_});
  }
  std::span<const KvHeadView> views() const { return views_; }

 private:
  size_t block_bytes_;
  size_t blocks_;
  Buffer<std::byte> memory_;
  std::vector<const std::byte*> keys_, values_;
  std::vector<KvHeadView> views_;
};

double shortest_call(const Compute& compute, const AttendArgs& args) {
  using Clock = std::chrono::steady_clock;
  double best = 1e30;
  const auto begin = Clock::now();
  for (int round = 0;
       round < 3 || Clock::now() - begin < std::chrono::duration<double>(kSecondsPerPoint);
       ++round) {
    const auto start = Clock::now();
    attend(compute, args);
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

double time_attend(const Compute& compute, const Cache& cache, size_t head_dim, size_t queries,
                   const BlockPlan& plan) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  const size_t width = kHeads * head_dim;
  std::vector<float> q(queries * width);
  for (float& x : q) x = normal(random);
  std::vector<float> out(q.size());
  const std::vector<const BlockPlan*> plans(kHeads, &plan);
  AttendArgs args;
  args.queries = {q.data(), queries, width};
  args.out = {out.data(), queries, width};
  args.head_dim = head_dim;
  args.scale = 1 / std::sqrt(static_cast<float>(head_dim));
  args.kv_heads = cache.views();
  args.plan_of_head = plans;
  return shortest_call(compute, args);
}

void report(const Options& options, double peak, double bandwidth, size_t head_dim, size_t depth) {
  const Compute& compute = options.compute;
  const Cache cache(compute.operand, head_dim, depth + kChunk);
  const BlockPlan chunk = causal_plan(kChunk, depth);
  const double chunk_s = time_attend(compute, cache, head_dim, kChunk, chunk);
  const double flops = 4.0 * static_cast<double>(head_dim * kHeads * scored_pairs(chunk)) / chunk_s;
  const BlockPlan last = causal_plan(1, depth + kChunk - 1);
  const double token_s = time_attend(compute, cache, head_dim, 1, last);
  const auto read = static_cast<double>(2 * kKvHeads * head_dim * (depth + kChunk) *
                                        operand_bytes(compute.operand));
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
              token_s * 1e3, read / token_s / 1e9, read / token_s / bandwidth);
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
  const double peak = peak_flops(options->compute);
  const double bandwidth = read_bandwidth(options->compute);
  if (!options->json)
    std::printf("peak %.0f GFLOP/s, memory %.1f GB/s\n", peak / 1e9, bandwidth / 1e9);
  for (size_t head_dim : {64, 128, 256})
    for (size_t depth : options->depths) report(*options, peak, bandwidth, head_dim, depth);
  return 0;
}

}  // namespace
}  // namespace fathom

int main(int argc, char** argv) { return fathom::run({argv + 1, static_cast<size_t>(argc - 1)}); }
