// attend() over caches of which some blocks are coded, against masked softmax in double precision
// over what those blocks decode to.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/kernels/attend_pieces.h"
#include "fathom/kernels/coded_block.h"
#include "fathom/kernels/coded_layout.h"

namespace fathom {
namespace {

constexpr size_t kFolding = 12;  // rows up to which scales are folded into the other operand

struct Target {
  Isa isa;
  Operand operand;
  KvType keys;
  KvType values;
};

// A cache of one KV head. Whole blocks are coded as the flags say; the problem's keys and values
// become what those decode to.
class CodedCache {
 public:
  CodedCache(Problem& p, const Target& target, uint32_t seed)
      : dim_(p.head_dim), target_(target), plain_(p, target.operand) {
    view_ = plain_.views().front();
    const size_t blocks = (p.keys + kBlock - 1) / kBlock;
    coded_.resize(blocks);
    for (size_t b = 0; b < blocks; ++b) {
      keys_.push_back(view_.key_blocks[b]);
      values_.push_back(view_.value_blocks[b]);
      coded_[b] = (b + 1) * kBlock <= p.keys && (seed + b) % 3 != 0;
      if (coded_[b] != 0) code(p, b);
    }
    view_.key_blocks = keys_.data();
    view_.value_blocks = values_.data();
    view_.coded = coded_.data();
    view_.key_type = target.keys;
    view_.value_type = target.values;
  }

  const KvHeadView& view() const { return view_; }
  bool coded(size_t key) const { return coded_[key / kBlock] != 0; }
  Scale key_scale(size_t key, size_t d) const {
    return std::bit_cast<Scale>(coded_scales(target_.keys, dim_, keys_[key / kBlock])[d]);
  }
  Scale value_scale(size_t key, size_t d) const {
    const size_t first = d / value_strip(dim_) * value_strip(dim_);
    const CodedPanel panel = coded_values(target_.values, dim_, values_[key / kBlock], first);
    return std::bit_cast<Scale>(panel.scales[key % kBlock]);
  }

 private:
  void code(Problem& p, size_t block) {
    const Matrix<float> keys(p.k.data() + block * kBlock * dim_, kBlock, dim_);
    const Matrix<float> values(p.v.data() + block * kBlock * dim_, kBlock, dim_);
    if (target_.operand != Operand::int8 && target_.keys != plain_type(target_.operand)) {
      std::byte* const to = room(coded_key_bytes(target_.keys, dim_));
      encode_keys(target_.keys, keys, to);
      decode_keys(target_.keys, to, keys);
      keys_[block] = to;
    }
    if (target_.values != plain_type(target_.operand)) {
      std::byte* const to = room(coded_value_bytes(target_.values, dim_));
      encode_values(target_.values, values, to);
      decode_values(target_.values, to, values);
      values_[block] = to;
    }
  }
  std::byte* room(size_t bytes) {
    memory_.emplace_back(bytes);
    return memory_.back().data();
  }

  size_t dim_;
  Target target_;
  Cache plain_;
  KvHeadView view_;
  std::vector<Buffer<std::byte>> memory_;
  std::vector<const std::byte*> keys_, values_;
  std::vector<uint8_t> coded_;
};

// The scalar twin of a call whose rows stand in one item. What is folded is rounded with its scale
// in it, and meets codes counted from the middle.
class Twin {
 public:
  Twin(const Problem& p, const CodedCache& cache, const Cache& plain, const Target& target)
      : p_(p),
        cache_(cache),
        target_(target),
        plain_(p, plain, target.operand),
        folds_(target.operand != Operand::f32 && p.queries * p.heads <= kFolding) {}

  double score(size_t query, size_t head, size_t key) const {
    if (!folds_ || !has_scales(target_.keys) || !cache_.coded(key) ||
        target_.operand == Operand::int8)
      return plain_(query, head, key);
    double score = 0;
    for (size_t d = 0; d < p_.head_dim; ++d) {
      const float q = p_.q[(query * p_.heads + head) * p_.head_dim + d] *
                      (p_.scale * std::numbers::log2e_v<float>);
      score += folded(q, cache_.key_scale(key, d), target_.keys, p_.k[key * p_.head_dim + d]);
    }
    return score;
  }

  // A value, and how large are the numbers that it is made of.
  std::pair<double, double> value(size_t key, size_t d) const {
    const float v = p_.v[key * p_.head_dim + d];
    if (target_.operand == Operand::f32) return {v, std::abs(v)};
    if (!folds_ || !has_scales(target_.values) || !cache_.coded(key))
      return {to_float(to_bf16(v)), std::abs(v)};
    const Scale scale = cache_.value_scale(key, d);
    return {v, std::abs(v) + to_float(bf16{scale.step}) * middle(target_.values)};
  }

 private:
  static double middle(KvType type) { return type == KvType::q4 ? 7.5 : 63.5; }

  static double folded(float q, Scale scale, KvType type, float x) {
    const double low = to_float(bf16{scale.low});
    const float step = to_float(bf16{scale.step});
    const double code = step == 0 ? 0 : std::nearbyint((x - low) / step);
    return double{to_float(to_bf16(q * step))} * (code - middle(type)) +
           q * (low + middle(type) * step);
  }

  const Problem& p_;
  const CodedCache& cache_;
  const Target target_;
  const Scores plain_;
  const bool folds_;
};

// As attend_test.cc derives them.
double tolerance(Operand operand) { return operand == Operand::f32 ? 2e-5 : 0x1p-7 + 2e-4; }

class AttendCoded : public testing::TestWithParam<Target> {
 protected:
  void check(size_t queries, size_t heads, size_t keys, size_t head_dim, bool biased = false) {
    const uint32_t seed = static_cast<uint32_t>(queries + keys + head_dim);
    Problem p = make_problem(queries, keys, heads, 1, head_dim, seed);
    for (size_t i = 0; i < p.k.size(); ++i) p.k[i] += static_cast<float>(i % 5);  // unlike means
    const CodedCache cache(p, GetParam(), seed);
    const Cache plain(p, GetParam().operand);  // of what the coded blocks decode to
    const Bits bits = random_bits(queries, keys, seed);
    const BlockPlan plan = plan_in_order(bits);
    std::vector<float> biases(keys + kBlock);
    std::vector<const float*> bias_blocks;
    for (size_t k = 0; k < biases.size(); ++k) biases[k] = static_cast<float>(k * 37 % 50) / 10 - 2;
    for (size_t k = 0; k < keys; k += kBlock) bias_blocks.push_back(&biases[k]);
    if (!biased) std::ranges::fill(biases, 0.0f);

    AttendPart part{
        .heads = heads, .plan = &plan, .keys = cache.view(), .operand = GetParam().operand};
    if (biased) part.keys.biases = bias_blocks.data();
    std::vector<float> out(p.q.size(), NAN);
    const AttendArgs args{.queries = {p.q.data(), queries, heads * head_dim},
                          .out = {out.data(), queries, heads * head_dim},
                          .head_dim = head_dim,
                          .scale = p.scale,
                          .parts = {&part, 1}};
    attend({.isa = GetParam().isa, .operand = GetParam().operand, .pool = &pool_}, args);
    SCOPED_TRACE(testing::Message() << queries << " queries, " << heads << " heads of " << head_dim
                                    << ", " << keys << " keys");
    expect_softmax(p, Twin(p, cache, plain, GetParam()), bits, biases, out);
  }

  static void expect_softmax(const Problem& p, const Twin& twin, const Bits& bits,
                             const std::vector<float>& biases, const std::vector<float>& out) {
    for (size_t query = 0; query < p.queries; ++query) {
      for (size_t head = 0; head < p.heads; ++head) {
        double sum = 0;
        std::vector<double> want(p.head_dim), size(p.head_dim);
        for (size_t key = 0; key < p.keys; ++key) {
          if (!bits[query][key]) continue;
          const double weight = std::exp2(twin.score(query, head, key) + biases[key]);
          sum += weight;
          for (size_t d = 0; d < p.head_dim; ++d) {
            const auto [value, magnitude] = twin.value(key, d);
            want[d] += weight * value;
            size[d] += weight * magnitude;
          }
        }
        for (size_t d = 0; d < p.head_dim; ++d) {
          const double got = out[(query * p.heads + head) * p.head_dim + d];
          const double most = tolerance(GetParam().operand) * size[d];
          ASSERT_LE(std::abs(got * sum - want[d]), most)
              << "query " << query << ", head " << head << ", column " << d;
        }
      }
    }
  }
  ThreadPool pool_{2};
};

TEST_P(AttendCoded, HeadSizes) {
  for (const size_t dim : {16, 64, 80, 128, 256}) {
    ASSERT_NO_FATAL_FAILURE(check(1, 3, 200, dim));
    ASSERT_NO_FATAL_FAILURE(check(20, 1, 200, dim));
  }
}

TEST_P(AttendCoded, Rows) {
  for (const size_t heads : {1, 2, 4, 5, 7, 9, 12, 13, 16})
    ASSERT_NO_FATAL_FAILURE(check(1, heads, 250, 64));
  for (const size_t queries : {2, 6, 50}) ASSERT_NO_FATAL_FAILURE(check(queries, 4, 250, 32));
}

TEST_P(AttendCoded, Blocks) {
  for (const size_t keys : {1, 64, 65, 128, 192, 256, 320}) {
    ASSERT_NO_FATAL_FAILURE(check(3, 2, keys, 64));
    ASSERT_NO_FATAL_FAILURE(check(17, 1, keys, 64));
  }
}

TEST_P(AttendCoded, CountsBiasedKeysMoreThanOnce) {
  ASSERT_NO_FATAL_FAILURE(check(3, 2, 300, 64, true));
  ASSERT_NO_FATAL_FAILURE(check(17, 1, 300, 64, true));
}

// Long enough to be cut in several items, and for means in 8 bits to be taken anew.
TEST_P(AttendCoded, LongCaches) {
  ASSERT_NO_FATAL_FAILURE(check(1, 3, 9000, 32));
  ASSERT_NO_FATAL_FAILURE(check(13, 1, 9000, 16));
}

std::vector<Target> targets() {
  std::vector<Target> list;
  const auto add = [&](Isa isa, Operand operand, KvType keys) {
    for (const KvType values : {KvType::f32, KvType::f16, KvType::bf16, KvType::q8, KvType::q4})
      if (values != KvType::f32 || operand == Operand::f32)
        list.push_back({isa, operand, keys, values});
  };
  for (Isa isa : supported_isas()) {
    for (const KvType keys : {KvType::bf16, KvType::f16, KvType::q8, KvType::q4})
      for (const Operand operand : {Operand::bf16, Operand::f32}) add(isa, operand, keys);
    if (multiplies_bytes(isa)) add(isa, Operand::int8, KvType::bf16);
  }
  return list;
}

INSTANTIATE_TEST_SUITE_P(Kernels, AttendCoded, testing::ValuesIn(targets()), [](const auto& test) {
  const Target& target = test.param;
  return std::string(name(target.isa)) + "_" + std::string(name(target.operand)) + "_" +
         std::string(name(target.keys)) + "_" + std::string(name(target.values));
});

}  // namespace
}  // namespace fathom
