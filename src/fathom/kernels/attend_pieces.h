// What tests of attention in parts share: parts over keys of their own, of pairs given bit by bit,
// and the softmax over all of them in double precision.
#pragma once

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "fathom/kernels/attend_twin.h"

namespace fathom {
namespace {

constexpr size_t kHeads = 4;
constexpr size_t kHeadDim = 48;

using Bits = std::vector<std::vector<bool>>;  // [queries][keys]: which pairs are scored

// By blocks: none, all, or at random. Some queries see nothing at all.
Bits random_bits(size_t queries, size_t keys, uint32_t seed) {
  std::mt19937 random(seed);
  const size_t blocks = (keys + kBlock - 1) / kBlock;
  std::vector<uint32_t> kinds((queries + kBlock - 1) / kBlock * blocks);
  for (uint32_t& kind : kinds) kind = random() % 3;
  Bits bits(queries, std::vector<bool>(keys));
  for (size_t q = 0; q < queries; ++q) {
    const bool blind = random() % 8 == 0;
    for (size_t k = 0; k < keys; ++k) {
      const uint32_t kind = kinds[q / kBlock * blocks + k / kBlock];
      bits[q][k] = !blind && (kind == 1 || (kind == 2 && random() % 3 == 0));
    }
  }
  return bits;
}

// Three in four of the queries, in no order.
[[maybe_unused]] std::vector<uint32_t> shuffled_queries(size_t queries, uint32_t seed) {
  std::vector<uint32_t> order(queries);
  for (size_t q = 0; q < queries; ++q) order[q] = static_cast<uint32_t>(q);
  std::shuffle(order.begin(), order.end(), std::mt19937(seed));
  order.resize(queries * 3 / 4);
  return order;
}

// The runs of one query block, a mask for each key block that is not full.
void add_block(BlockPlan& plan, const Bits& bits, std::span<const uint32_t> queries) {
  const size_t keys = bits.front().size();
  for (size_t key = 0; key < keys; key += kBlock) {
    BlockMask mask;
    bool all = key + kBlock <= keys;
    for (size_t i = 0; i < queries.size(); ++i)
      for (size_t j = 0; j < kBlock && key + j < keys; ++j) {
        const bool sees = bits[queries[i]][key + j];
        mask.rows[i] |= uint64_t{sees} << j;
        all &= sees;
      }
    if (mask == BlockMask{}) continue;
    plan.runs.push_back({static_cast<uint32_t>(key / kBlock), 1,
                         all ? KeyRun::kFull : static_cast<uint32_t>(plan.masks.size())});
    if (!all) plan.masks.push_back(mask);
  }
  plan.run_begin.push_back(static_cast<uint32_t>(plan.runs.size()));
}

BlockPlan plan_in_order(const Bits& bits) {
  BlockPlan plan;
  plan.queries = bits.size();
  std::vector<uint32_t> queries;
  for (uint32_t q = 0; q < bits.size(); ++q) {
    queries.push_back(q);
    if (queries.size() < kBlock && q + 1 < bits.size()) continue;
    add_block(plan, bits, queries);
    queries.clear();
  }
  return plan;
}

// Queries in this order, in blocks of all sizes.
BlockPlan plan_shuffled(const Bits& bits, const std::vector<uint32_t>& order) {
  BlockPlan plan;
  plan.queries = bits.size();
  plan.order = order;
  const size_t sizes[] = {1, kBlock, 7, 33};
  for (size_t at = 0, block = 0; at < order.size(); ++block) {
    const size_t size = std::min(sizes[block % 4], order.size() - at);
    plan.block_begin.push_back(static_cast<uint32_t>(at));
    add_block(plan, bits, std::span(order).subspan(at, size));
    at += size;
  }
  plan.block_begin.push_back(static_cast<uint32_t>(order.size()));
  return plan;
}

// Some heads of some keys: a part, and all that it stands on. Its problem has one KV head.
struct Piece {
  Piece(const Problem& problem, Operand in, Bits seen)
      : p(problem),
        operand(in),
        cache(p, in),
        score(p, cache, in),
        bits(std::move(seen)),
        plan(plan_in_order(bits)) {}
  Piece(const Piece&) = delete;  // it points into itself
  Piece& operator=(const Piece&) = delete;

  // Lets a query see what it does only if it is in the order, and plans in that order.
  void shuffle(const std::vector<uint32_t>& order) {
    for (uint32_t q = 0; q < bits.size(); ++q)
      if (std::ranges::find(order, q) == order.end()) bits[q].assign(p.keys, false);
    plan = plan_shuffled(bits, order);
  }
  // Lets key i count 2^of_keys[i] times.
  void bias(std::vector<float> of_keys) {
    biases = std::move(of_keys);
    biases.resize((p.keys + kBlock - 1) / kBlock * kBlock);
    for (size_t i = 0; i < biases.size(); i += kBlock) bias_blocks.push_back(biases.data() + i);
  }
  AttendPart part() const {
    KvHeadView keys = cache.views().front();
    if (!biases.empty()) keys.biases = bias_blocks.data();
    AttendPart part{.head = head, .heads = heads, .plan = &plan, .keys = keys, .operand = operand};
    if (own_queries) part.queries = {p.q.data(), p.queries, kHeads * kHeadDim};
    return part;
  }

  Problem p;
  Operand operand;
  Cache cache;
  Scores score;
  Bits bits;
  BlockPlan plan;
  std::vector<float> biases;
  std::vector<const float*> bias_blocks;
  size_t head = 0;
  size_t heads = kHeads;
  bool own_queries = false;  // p's meet the keys, in place of the call's
};

// Keys of their own for the queries of `p`.
[[maybe_unused]] Problem other_keys(const Problem& p, size_t keys, uint32_t seed) {
  Problem other = make_problem(p.queries, keys, kHeads, 1, kHeadDim, seed);
  other.q = p.q;
  return other;
}

// The softmax of one query of one head over all pieces, in double precision.
struct Row {
  std::vector<double> out = std::vector<double>(kHeadDim);
  std::vector<double> size = std::vector<double>(kHeadDim);  // of the values' magnitudes
  double log_sum = -INFINITY;
};

[[maybe_unused]] Row reference_row(const std::deque<Piece>& pieces, size_t query, size_t head) {
  Row row;
  double sum = 0;
  for (const Piece& piece : pieces) {
    if (head < piece.head || head >= piece.head + piece.heads) continue;
    for (size_t key = 0; key < piece.p.keys; ++key) {
      if (!piece.bits[query][key]) continue;
      const double bias = piece.biases.empty() ? 0 : piece.biases[key];
      const double weight = std::exp2(piece.score(query, head, key) + bias);
      sum += weight;
      for (size_t d = 0; d < kHeadDim; ++d) {
        const float value = piece.p.v[key * kHeadDim + d];
        row.out[d] += weight * (piece.operand == Operand::f32 ? value : to_float(to_bf16(value)));
        row.size[d] += weight * std::abs(value);
      }
    }
  }
  if (sum == 0) return row;
  for (double& x : row.out) x /= sum;
  for (double& x : row.size) x /= sum;
  row.log_sum = std::log2(sum);
  return row;
}

}  // namespace
}  // namespace fathom
