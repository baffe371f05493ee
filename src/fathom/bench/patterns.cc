#include "fathom/bench/patterns.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "fathom/attention/attention_layer.h"
#include "fathom/base/stopwatch.h"
#include "fathom/bench/growth.h"
#include "fathom/bench/topic_rows.h"
#include "fathom/kv/cache.h"

namespace fathom {
namespace {

constexpr size_t kDecoded = 16;  // tokens after a text

// What reading a text took.
struct Reading {
  double seconds = std::numeric_limits<double>::infinity();
  double decode_seconds = std::numeric_limits<double>::infinity();  // of one token
  AttentionCount count;                                             // of the text
  double bytes = 0;                                                 // kept beside the cache
};

// One text: its cache, and the rows that layers of attention read.
class Text {
 public:
  Text(const Compute& compute, const PatternsBench& bench, size_t tokens)
      : compute_(compute),
        bench_(bench),
        tokens_(tokens),
        cache_({{.kv_heads = bench.kv_heads, .head_dim = bench.head_dim}},
               KvFormat{.operand = compute.operand}),
        queries_(TopicRows::Kind::queries, bench.heads, bench.head_dim),
        keys_(TopicRows::Kind::keys, bench.kv_heads, bench.head_dim),
        values_(TopicRows::Kind::values, bench.kv_heads, bench.head_dim) {}

  Status fill() {
    FATHOM_CHECK(cache_.reserve(tokens_ + kDecoded));
    for (size_t begin = 0; begin < tokens_ + kDecoded; begin += bench_.chunk) {
      const size_t count = std::min(bench_.chunk, tokens_ + kDecoded - begin);
      cache_.write(*compute_.pool, 0, keys_.rows(static_cast<int64_t>(begin), count),
                   values_.rows(static_cast<int64_t>(begin), count));
      cache_.commit(*compute_.pool, count);
    }
    return {};
  }

  Reading read(const PatternMap& map) {
    AttentionLayer layer = make_layer(map);
    SharedPlans shared(context());
    Reading reading;
    reading.seconds = 0;
    for (size_t begin = 0; begin < tokens_; begin += bench_.chunk)
      reading.seconds +=
          step(layer, shared, begin, std::min(bench_.chunk, tokens_ - begin), reading.count);
    reading.bytes = static_cast<double>(layer.bytes());
    AttentionCount decoded;
    for (size_t i = 0; i < kDecoded; ++i)
      reading.decode_seconds =
          std::min(reading.decode_seconds, step(layer, shared, tokens_ + i, 1, decoded));
    return reading;
  }

 private:
  int64_t context() const { return static_cast<int64_t>(tokens_ + kDecoded); }

  AttentionLayer make_layer(const PatternMap& map) const {
    std::vector<PatternPtr> patterns;
    for (size_t head = 0; head < bench_.heads; ++head) {
      PatternPtr pattern = map.pattern_for({.head = head, .heads = bench_.heads});
      const auto same = std::ranges::find_if(
          patterns, [&](const PatternPtr& one) { return one->spec() == pattern->spec(); });
      patterns.push_back(same == patterns.end() ? std::move(pattern) : *same);
    }
    return {{.heads = bench_.heads,
             .kv_heads = bench_.kv_heads,
             .head_dim = bench_.head_dim,
             .scale = 1 / std::sqrt(static_cast<float>(bench_.head_dim)),
             .context = context(),
             .operand = compute_.operand},
            std::move(patterns)};
  }

  // Seconds that the layer takes for some tokens.
  double step(AttentionLayer& layer, SharedPlans& shared, size_t begin, size_t count,
              AttentionCount& counted) {
    const auto first = static_cast<int64_t>(begin);
    const AttentionCall call{.compute = &compute_,
                             .queries = queries_.rows(first, count),
                             .positions = {{first}, {first + static_cast<int64_t>(count)}},
                             .cache = cache_.view(0)};
    const ConstMatrix<float> keys = keys_.rows(first, count);
    const ConstMatrix<float> values = values_.rows(first, count);
    out_.resize(call.queries.rows * call.queries.cols);
    const Stopwatch watch;
    layer.append(compute_, keys, values);
    shared.begin(call.positions);
    counted.add(layer.attend(call, layer.plan(call, shared), std::nullopt,
                             {out_.data(), call.queries.rows, call.queries.cols}));
    return watch.seconds();
  }

  const Compute& compute_;
  const PatternsBench& bench_;
  size_t tokens_;
  KvCache cache_;
  TopicRows queries_, keys_, values_;
  std::vector<float> out_;
};

// The best of as many readings as fit into the run's seconds; of a long text, of one.
Reading best_reading(const BenchRun& run, Text& text, const PatternMap& map) {
  Reading best;
  const Stopwatch watch;
  do {
    const Reading reading = text.read(map);
    best.decode_seconds = std::min(best.decode_seconds, reading.decode_seconds);
    best.bytes = reading.bytes;
    if (reading.seconds >= best.seconds) continue;
    best.seconds = reading.seconds;
    best.count = reading.count;
  } while (watch.seconds() < run.seconds);
  return best;
}

Figure figure_of(const std::string& spec, size_t tokens, const Reading& reading,
                 const Reading& full) {
  Figure figure;
  figure.name = "patterns";
  figure.at = {{"attn", spec}, {"tokens", tokens}};
  figure.value = reading.seconds * 1e3;
  figure.unit = "ms";
  const double share = reading.count.fraction();
  figure.more = {{"pairs", reading.count.scored},
                 {"pairs_scored", share},
                 {"of_full", reading.seconds / (share * full.seconds)},
                 {"times_as_fast", full.seconds / reading.seconds},
                 {"selecting", reading.count.select_seconds / reading.seconds},
                 {"decode_ms", reading.decode_seconds * 1e3},
                 {"decode_times_as_fast", full.decode_seconds / reading.decode_seconds},
                 {"beside_cache_mb", reading.bytes * 1e-6}};
  return figure;
}

struct Curves {
  std::vector<CurvePoint> time, pairs;
};

Figure growth_of(const std::string& spec, const Curves& curves) {
  Figure figure;
  figure.name = "growth";
  figure.at = {{"attn", spec}};
  figure.unit = "exponent";
  const auto time = fit_growth(curves.time);
  const auto pairs = fit_growth(curves.pairs);
  if (!time || !pairs) {
    figure.note = "one length tells nothing about growth";
    return figure;
  }
  figure.value = time->exponent;
  figure.more = {{"pairs_exponent", pairs->exponent}};
  if (curves.time.size() > 2) figure.more["r2"] = time->r2;
  return figure;
}

}  // namespace

std::vector<std::string> typical_specs() {
  std::vector<std::string> specs;
  for (const PatternPlugin* plugin : patterns::all())
    if (plugin->name != "full" && plugin->name != "model")
      specs.emplace_back(plugin->typical.empty() ? plugin->name : plugin->typical);
  return specs;
}

Status bench_patterns(const BenchRun& run, const PatternsBench& bench, const FigureFn& each) {
  std::vector<std::string> specs = {"full"};
  specs.insert(specs.end(), bench.specs.begin(), bench.specs.end());
  std::vector<Curves> curves(specs.size());
  for (const size_t tokens : bench.lengths) {
    Text text(run.compute, bench, tokens);
    FATHOM_CHECK(text.fill());
    Reading full;
    for (size_t i = 0; i < specs.size(); ++i) {
      FATHOM_TRY(const PatternMap map, parse_attention(specs[i]));
      const Reading reading = best_reading(run, text, map);
      if (i == 0) full = reading;
      each(figure_of(specs[i], tokens, reading, full));
      const auto x = static_cast<double>(tokens);
      curves[i].time.push_back({x, reading.seconds});
      curves[i].pairs.push_back({x, static_cast<double>(reading.count.scored)});
    }
  }
  for (size_t i = 0; i < specs.size(); ++i) each(growth_of(specs[i], curves[i]));
  return {};
}

}  // namespace fathom
