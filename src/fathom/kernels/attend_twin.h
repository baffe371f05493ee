// attend()'s scalar twin for its tests: a problem, a cache that holds its keys and values, and the
// masked softmax of both in double precision, of operands rounded as the kernel rounds them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <optional>
#include <random>
#include <vector>

#include "fathom/base/buffer.h"
#include "fathom/base/half.h"
#include "fathom/kernels/attend.h"
#include "fathom/kernels/byte_keys.h"
#include "fathom/kernels/panel.h"

namespace fathom {
namespace {

// One attention problem: shapes and random operands, in f32.
struct Problem {
  size_t queries = 0;
  size_t keys = 0;
  size_t heads = 1;
  size_t kv_heads = 1;
  size_t head_dim = 64;
  float scale = 1;
  std::vector<float> q, k, v;

  float largest_value() const {
    float largest = 0;
    for (float x : v) largest = std::max(largest, std::abs(x));
    return largest;
  }
};

Problem make_problem(size_t queries, size_t keys, size_t heads, size_t kv_heads, size_t head_dim,
                     uint32_t seed, float score_size = 2) {
  Problem p{queries, keys, heads, kv_heads, head_dim, 0, {}, {}, {}};
  p.scale = score_size / std::sqrt(static_cast<float>(head_dim));
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  const auto fill = [&](std::vector<float>& x, size_t size) {
    x.resize(size);
    for (float& value : x) value = normal(random);
  };
  fill(p.q, queries * heads * head_dim);
  fill(p.k, keys * kv_heads * head_dim);
  fill(p.v, keys * kv_heads * head_dim);
  return p;
}

// The cache's blocks, written in chunks that start and end inside blocks.
class Cache {
 public:
  Cache(const Problem& p, Operand operand) {
    const size_t blocks = (p.keys + kBlock - 1) / kBlock;
    const size_t key_bytes = key_block_bytes(operand, p.head_dim);
    const size_t bytes = key_bytes + value_block_bytes(operand, p.head_dim);
    for (size_t h = 0; h < p.kv_heads; ++h) {
      memory_.emplace_back(blocks * bytes);
      std::memset(memory_.back().data(), 0, memory_.back().size());
      keys_.emplace_back();
      values_.emplace_back();
      for (size_t b = 0; b < blocks; ++b) {
        std::byte* block = memory_.back().data() + b * bytes;
        keys_.back().push_back(block);
        values_.back().push_back(block + key_bytes);
        write(p, operand, h, b * kBlock, block, block + key_bytes);
      }
    }
    for (size_t h = 0; h < p.kv_heads; ++h) views_.push_back({keys_[h].data(), values_[h].data()});
  }
  std::span<const KvHeadView> views() const { return views_; }

 private:
  static void write(const Problem& p, Operand operand, size_t head, size_t first, std::byte* keys,
                    std::byte* values) {
    const size_t stride = p.kv_heads * p.head_dim;
    const size_t end = std::min(kBlock, p.keys - first);
    if (operand == Operand::int8)
      pack_byte_keys({p.k.data() + first * stride + head * p.head_dim, end, p.head_dim, stride},
                     keys);
    for (size_t slot = 0, chunk = 1; slot < end; slot += chunk, chunk = 2 * chunk + 3) {
      const size_t count = std::min(chunk, end - slot);
      const size_t at = (first + slot) * stride + head * p.head_dim;
      if (operand != Operand::int8)
        pack_keys(operand, {p.k.data() + at, count, p.head_dim, stride}, slot, keys);
      pack_values(operand, {p.v.data() + at, count, p.head_dim, stride}, slot, values);
    }
  }
  std::vector<Buffer<std::byte>> memory_;
  std::vector<std::vector<const std::byte*>> keys_, values_;
  std::vector<KvHeadView> views_;
};

bool scores(const BlockPlan& plan, size_t query, size_t key) {
  for (const KeyRun& run : plan.runs_of(query / kBlock)) {
    if (key / kBlock < run.first || key / kBlock >= run.first + run.count) continue;
    if (run.mask == KeyRun::kFull) return true;
    return plan.masks[run.mask].rows[query % kBlock] >> (key % kBlock) & 1;
  }
  return false;
}

// Queries and keys as the operand has them, all scaled for powers of two, and the products of a
// query with its key.
class Scores {
 public:
  Scores(const Problem& p, const Cache& cache, std::optional<Operand> operand)
      : p_(p), cache_(cache), operand_(operand) {
    if (operand != Operand::int8) return;
    const size_t blocks = (p.keys + kBlock - 1) / kBlock;
    bytes_.resize(p.kv_heads * blocks * kBlock * p.head_dim);
    for (size_t i = 0; i < p.kv_heads * blocks; ++i)
      unpack_byte_keys(cache.views()[i / blocks].key_blocks[i % blocks],
                       {bytes_.data() + i * kBlock * p.head_dim, kBlock, p.head_dim});
  }

  double operator()(size_t query, size_t head, size_t token) const {
    const size_t dim = p_.head_dim;
    const size_t kv = head / (p_.heads / p_.kv_heads);
    const float* q = p_.q.data() + (query * p_.heads + head) * dim;
    const float* k = p_.k.data() + (token * p_.kv_heads + kv) * dim;
    if (operand_ == Operand::int8) return in_bytes(q, kv, token);
    double score = 0;
    for (size_t d = 0; d < dim; ++d)
      score += operand_ == Operand::bf16
                   ? double{to_float(to_bf16(q[d] * factor()))} * to_float(to_bf16(k[d]))
                   : double{q[d]} * p_.scale * std::numbers::log2e * k[d];
    return score;
  }

 private:
  float factor() const { return p_.scale * 1.44269504f; }

  // The query in 8 bits by what the key is beyond its block's mean; the query in bf16 by the mean.
  double in_bytes(const float* q, size_t kv, size_t token) const {
    const size_t dim = p_.head_dim;
    const size_t slots = bytes_.size() / (p_.kv_heads * dim);
    const float* key = bytes_.data() + (kv * slots + token) * dim;
    const uint16_t* means = ByteKeys(dim).mean(cache_.views()[kv].key_blocks[token / kBlock]);
    float top = 0;
    for (size_t d = 0; d < dim; ++d) top = std::max(top, std::abs(q[d] * factor()));
    double score = 0;
    for (size_t d = 0; d < dim; ++d) {
      const double mean = to_float(bf16{means[d]});
      const double code = top == 0 ? 0 : std::nearbyint(q[d] * factor() * (127 / top));
      score += code * (top / 127) * (key[d] - mean) + to_float(to_bf16(q[d] * factor())) * mean;
    }
    return score;
  }

  const Problem& p_;
  const Cache& cache_;
  std::optional<Operand> operand_;
  std::vector<float> bytes_;  // keys in 8 bits, back in f32: [kv_heads, slots, head_dim]
};

struct Reference {
  std::vector<float> out;
  std::vector<float> size;  // the same sums over the values' magnitudes
};

// The scalar twin: plain masked softmax in double precision over the pairs that the plan scores,
// of operands rounded as `operand` has them; not rounded, if there is none.
[[maybe_unused]] Reference attend_reference(const Problem& p, const Cache& cache,
                                            const std::vector<const BlockPlan*>& plans,
                                            std::optional<Operand> operand) {
  const Scores score(p, cache, operand);
  const bool rounded = operand.has_value() && *operand != Operand::f32;
  Reference reference{std::vector<float>(p.q.size()), std::vector<float>(p.q.size())};
  std::vector<double> weights(p.keys);
  for (size_t i = 0; i < p.queries; ++i) {
    for (size_t h = 0; h < p.heads; ++h) {
      const size_t kv = h / (p.heads / p.kv_heads);
      double largest = -INFINITY;
      for (size_t j = 0; j < p.keys; ++j) {
        weights[j] = scores(*plans[h], i, j) ? score(i, h, j) : -INFINITY;
        largest = std::max(largest, weights[j]);
      }
      double sum = 0;
      std::vector<double> total(p.head_dim, 0.0), size(p.head_dim, 0.0);
      for (size_t j = 0; j < p.keys; ++j) {
        if (weights[j] == -INFINITY) continue;
        const double weight = std::exp2(weights[j] - largest);
        sum += weight;
        const float* v = p.v.data() + (j * p.kv_heads + kv) * p.head_dim;
        for (size_t d = 0; d < p.head_dim; ++d) {
          total[d] += weight * (rounded ? to_float(to_bf16(v[d])) : v[d]);
          size[d] += weight * std::abs(v[d]);
        }
      }
      if (sum == 0) continue;
      for (size_t d = 0; d < p.head_dim; ++d) {
        const size_t at = (i * p.heads + h) * p.head_dim + d;
        reference.out[at] = static_cast<float>(total[d] / sum);
        reference.size[at] = static_cast<float>(size[d] / sum);
      }
    }
  }
  return reference;
}

}  // namespace
}  // namespace fathom
