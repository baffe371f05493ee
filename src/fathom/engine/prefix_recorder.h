// Keeps the prefill of one text while it is read, and begins it where what is kept of it ends.
//
// All that is kept ends at a multiple of the grain: of the tokens that are read at a time, and of
// blocks. So a text goes on after it as if it had been read in one go, and gives the same logits
// bit for bit: those of a chunk depend, in the last bits, on which tokens it has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fathom/base/thread_pool.h"
#include "fathom/engine/prefix_store.h"
#include "fathom/kv/cache.h"
#include "fathom/kv/policy.h"

namespace fathom {

constexpr uint64_t kUsualPartTokens = 2048;

// What the values in a cache depend on besides the text, and what people are told.
struct PrefixFacts {
  std::string model_sha256;
  std::string settings;  // everything else that changes a bit
  size_t chunk = 0;      // tokens read at a time
  // Whether a policy drops tokens: then only all that is left at some point can be kept.
  bool drops = false;
  // Of that policy, if it has one: a share is one of the whole text's tokens.
  std::optional<KvBudget> budget = std::nullopt;
  std::string model;  // its name
  std::string text;   // how the document begins
  // Tokens of a part, rounded up to whole chunks and blocks.
  uint64_t part_tokens = kUsualPartTokens;

  // Of the beginnings of a text of so many tokens.
  std::string key(size_t text_tokens) const;
};

// A part is written while the text is read, and flushed to disk beside that.
class PrefixRecorder {
 public:
  // `say` gets a line about each thing that went wrong. None of it keeps a text from being read.
  PrefixRecorder(PrefixStore store, PrefixFacts facts, PrefixStore::SayFn say);
  PrefixRecorder(PrefixRecorder&&) = default;
  ~PrefixRecorder();  // awaits the last part

  // The first position of a layer that queries from `next` on can see.
  using FirstSeenFn = std::function<uint64_t(size_t layer, uint64_t next)>;
  // Gets the statistics that belong to what the cache was filled with. Error: they do not fit.
  using RestoreFn = std::function<Status(std::string_view statistics)>;
  // Fills an empty cache with the longest beginning of `tokens` that is kept, and leaves at least
  // one to be read; what no query sees any more may be left out. Returns how many these are. Throws
  // std::bad_alloc; then the cache is empty.
  size_t recall(ThreadPool& pool, std::span<const TokenId> tokens, const FirstSeenFn& first_seen,
                const RestoreFn& restore, KvCache& cache);

  // The tokens from here on must stay in the cache until they are recorded.
  uint64_t recorded() const { return facts_.drops || stopped_ ? UINT64_MAX : recorded_; }

  // What the policy that drops tokens knows beside the cache.
  using StatisticsFn = std::function<std::string()>;
  // After each step of a prefill of `tokens`, of which the cache has read cache.tokens(). `done`:
  // nothing more will be read.
  void record(std::span<const TokenId> tokens, const KvCache& cache, bool done,
              const StatisticsFn& statistics);

 private:
  void add(PartHeader header, std::span<const Section> sections, uint64_t superfluous);
  void finish_part();
  void stop(const Error& why);
  PartHeader header_of(std::span<const TokenId> tokens, uint64_t begin, uint64_t end) const;
  void record_parts(std::span<const TokenId> tokens, const KvCache& cache, bool done);
  void record_state(std::span<const TokenId> tokens, const KvCache& cache,
                    const StatisticsFn& statistics);
  uint64_t in_grains(uint64_t count) const { return count / grain_ * grain_; }

  PrefixStore store_;
  PrefixFacts facts_;
  PrefixStore::SayFn say_;
  uint64_t grain_;
  uint64_t part_;          // tokens of a part
  uint64_t recorded_ = 0;  // tokens in whole parts, or in the last state
  uint64_t kept_ = 0;      // tokens that were kept before, or are now
  bool stopped_ = false;   // something went wrong

  // The part that is being flushed, if any, and up to which end it makes others superfluous.
  std::future<Status> flushed_;
  PartHeader flushing_;
  uint64_t superfluous_ = 0;
};

}  // namespace fathom
