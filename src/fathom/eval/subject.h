// A technique put to work: a session that reads sample after sample, and what that costs.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "fathom/base/progress.h"
#include "fathom/base/result.h"
#include "fathom/base/stopwatch.h"
#include "fathom/engine/engine.h"
#include "fathom/eval/technique.h"

namespace fathom {

using Json = nlohmann::ordered_json;

class Subject {
 public:
  // What is given by reference must outlive this. `chunk`: tokens read at a time. `prefixes`: where
  // what is read is kept for samples that begin alike; none: nowhere.
  Subject(Engine& engine, const Technique& technique, size_t chunk,
          std::optional<PrefixOptions> prefixes = std::nullopt)
      : engine_(engine), technique_(technique), chunk_(chunk), prefixes_(std::move(prefixes)) {}

  // A session that holds `context` tokens and has read none; costs() count from here. Valid until
  // the next open() or close(). Error: as Session::open()'s.
  Result<Session*> open(size_t context);
  void close() { session_.reset(); }  // its memory is free

  // Another technique on the same model, read likewise; it keeps nothing of what it reads.
  Subject other(const Technique& technique) const { return {engine_, technique, chunk_}; }

  const Technique& technique() const { return technique_; }
  Engine& engine() const { return engine_; }
  // Told how far the sample is read; returning false stops it.
  ProgressFn progress;
  // Whether a sample may begin with what was kept of others. If not, it is read whole, and nothing
  // is kept of it.
  bool recalls = true;

  // Since open(): "seconds" (wall), "read_seconds" (in the forward pass, the head not counted),
  // "read_tokens", "pairs_scored" (of those that full causal attention scores, the fraction),
  // "mass_kept" (null: not measured), "kv_bytes" (resident), "kv_token_bytes" (of a token in every
  // layer and KV head, in the cache's types), "kept" (of the tokens that every layer and KV head
  // read, the fraction still held), "evicted" (tokens, summed over layers and KV heads).
  Json costs() const;

 private:
  Engine& engine_;
  const Technique& technique_;
  size_t chunk_;
  std::optional<PrefixOptions> prefixes_;
  std::unique_ptr<Session> session_;
  Stopwatch watch_;
};

}  // namespace fathom
