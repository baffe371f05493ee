#include "fathom/engine/prefix_recorder.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <numeric>
#include <optional>
#include <utility>

#include "fathom/engine/kv_parts.h"
#include "fathom/engine/sha256.h"
#include "fathom/kernels/block_plan.h"

namespace fathom {
namespace {

// To be raised when a program gives other values for the same settings.
constexpr std::string_view kValues = "fathom prefill 1";

uint64_t now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(since).count());
}

}  // namespace

std::string PrefixFacts::key(size_t text_tokens) const {
  Sha256 hash;
  hash.add(std::string(kValues) + "\n" + model_sha256 + "\n" + settings + "\n" +
           std::to_string(chunk) + (drops ? " drops" : ""));
  if (budget) hash.add(" to " + std::to_string(budget->of(static_cast<int64_t>(text_tokens))));
  return hash.finish().substr(0, kIdDigits);
}

PrefixRecorder::PrefixRecorder(PrefixStore store, PrefixFacts facts, PrefixStore::SayFn say)
    : store_(std::move(store)),
      facts_(std::move(facts)),
      say_(std::move(say)),
      grain_(std::lcm(uint64_t{facts_.chunk}, uint64_t{kBlock})),
      part_((facts_.part_tokens + grain_ - 1) / grain_ * grain_) {}

PrefixRecorder::~PrefixRecorder() { finish_part(); }

size_t PrefixRecorder::recall(ThreadPool& pool, std::span<const TokenId> tokens,
                              const FirstSeenFn& first_seen, const RestoreFn& restore,
                              KvCache& cache) {
  finish_part();
  recorded_ = kept_ = 0;
  if (tokens.empty()) return 0;
  const auto known = tokens.first(in_grains(tokens.size() - 1));
  for (;;) {
    const PartChain chain = store_.find(facts_.key(tokens.size()), known, say_);
    const uint64_t count = in_grains(chain.tokens);
    if (count == 0) return 0;
    const uint64_t in_parts = facts_.drops ? count : count / part_ * part_;
    const auto needed = [&](size_t layer) {
      return facts_.drops ? 0 : std::min(first_seen(layer, count), in_parts);
    };
    try {
      if (const auto bad = fill(pool, chain, count, needed, cache)) {
        PrefixStore::remove_bad(chain.parts[bad->part].path(), bad->why, say_);
        continue;
      }
      const PartFile& last = chain.parts.back();
      if (const Status fits = restore(last.header().statistics); !fits.ok()) {
        cache.truncate(0);
        PrefixStore::remove_bad(last.path(), {last.path() + ": " + fits.error().message}, say_);
        continue;
      }
    } catch (const std::bad_alloc&) {
      cache.truncate(0);
      throw;
    }
    kept_ = count;
    recorded_ = in_parts;
    return count;
  }
}

void PrefixRecorder::record(std::span<const TokenId> tokens, const KvCache& cache, bool done,
                            const StatisticsFn& statistics) {
  if (stopped_) return;
  if (facts_.drops) {
    record_state(tokens, cache, statistics);
  } else {
    record_parts(tokens, cache, done);
  }
}

void PrefixRecorder::record_parts(std::span<const TokenId> tokens, const KvCache& cache,
                                  bool done) {
  const uint64_t whole = in_grains(cache.tokens());
  while (!stopped_) {
    const uint64_t end = std::min(recorded_ + part_, whole);
    const bool is_whole = end == recorded_ + part_;
    if (end <= kept_ || !(is_whole || done)) return;
    PartHeader header = header_of(tokens, recorded_, end);
    finish_part();
    if (recorded_ > 0 && !stopped_ && !store_.has(header.parent)) {
      recorded_ = kept_ = 0;  // another program made room
      continue;
    }
    const auto sections = sections_of(cache, header);
    if (!sections)
      return stop({store_.folder() + ": the beginning of the text was removed, and is not in the "
                                     "cache any more"});
    add(std::move(header), *sections, end - 1);
    if (!is_whole) return;
    recorded_ = end;
  }
}

// What follows a state cannot be told from it, so it is kept at every part's length, and just
// before the end; of earlier ones the last, for a text that differs only at its end.
void PrefixRecorder::record_state(std::span<const TokenId> tokens, const KvCache& cache,
                                  const StatisticsFn& statistics) {
  const uint64_t read = cache.tokens();
  const bool is_last = tokens.size() - read <= grain_;
  if (read % grain_ != 0 || read <= kept_ || !(read >= recorded_ + part_ || is_last)) return;
  PartHeader header = header_of(tokens, 0, read);
  header.statistics = statistics();
  const std::vector<Section> sections = state_sections_of(cache, header);
  add(std::move(header), sections, recorded_ - std::min(recorded_, part_));
  recorded_ = read;
}

PartHeader PrefixRecorder::header_of(std::span<const TokenId> tokens, uint64_t begin,
                                     uint64_t end) const {
  const std::string key = facts_.key(tokens.size());
  PartHeader header{.key = key,
                    .parent = key,
                    .begin = begin,
                    .tokens = {},
                    .heads = {},
                    .statistics = {},
                    .model = facts_.model,
                    .settings = facts_.settings,
                    .text = facts_.text,
                    .created = now()};
  for (uint64_t at = 0; at < begin; at += part_)
    header.parent = chain_id(header.parent, tokens.subspan(at, part_));
  header.tokens.assign(tokens.begin() + static_cast<ptrdiff_t>(begin),
                       tokens.begin() + static_cast<ptrdiff_t>(end));
  return header;
}

void PrefixRecorder::add(PartHeader header, std::span<const Section> sections,
                         uint64_t superfluous) {
  finish_part();
  if (stopped_) return;
  auto file = store_.write(header, sections);
  if (!file.ok()) return stop(file.error());
  kept_ = header.end();
  std::optional<NewFile>& part = *file;
  if (!part) return;
  flushing_ = std::move(header);
  superfluous_ = superfluous;
  // Deferred where the system refuses another thread.
  flushed_ = std::async(std::launch::async | std::launch::deferred,
                        [written = std::move(*part)]() mutable { return written.install(); });
}

void PrefixRecorder::finish_part() {
  if (!flushed_.valid()) return;
  const Status installed = flushed_.get();
  if (!installed.ok()) return stop(installed.error());
  store_.remove_beginnings(flushing_, superfluous_);
}

void PrefixRecorder::stop(const Error& why) {
  say_(why.message + "; what follows of this text is not kept");
  stopped_ = true;
}

}  // namespace fathom
