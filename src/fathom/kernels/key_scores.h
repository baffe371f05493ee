// Scores of a few queries, for those who choose what to attend to: raw, or as the shares of each
// query's softmax that lie in blocks of keys.
//
// Keys are packed key blocks of any operand (panel.h, byte_keys.h), or coded (coded_block.h): a
// cache's, or anything packed likewise, such as a key that stands for a block of text. Products are
// those of attend(). Both calls run on the caller's thread alone, so that tasks of a pool may make
// them. Key blocks are read once, whatever the number of rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fathom/base/matrix.h"
#include "fathom/kernels/compute.h"
#include "fathom/kernels/kv_type.h"
#include "fathom/simd/isa.h"

namespace fathom {

struct KeyScoresArgs {
  ConstMatrix<float> queries;  // [rows, head_dim], RoPE applied; head_dim % 16 == 0, at most 256
  float scale = 1;
  const std::byte* const* key_blocks = nullptr;  // [blocks], of kBlock keys each
  size_t blocks = 0;
  Operand operand = Operand::bf16;  // what the blocks hold; int8 where multiplies_bytes(isa)
  // As in KvHeadView: null, or one flag a block, which lies as key_type has it where that is not 0.
  const uint8_t* coded = nullptr;
  KvType key_type = KvType::bf16;
};

// out[r, k] = scale * queries[r] . key k; out is [rows, blocks * kBlock]. A slot that holds nothing
// has some finite score.
void key_scores(Isa isa, const KeyScoresArgs& args, Matrix<float> out);

// out[r, b] = the share of keys [b * kBlock, (b + 1) * kBlock) in the softmax of queries[r] over
// keys [0, visible[r]); out is [rows, blocks], visible[r] <= blocks * kBlock. A row adds up to 1;
// one that sees nothing is all zeros. Online, as in attend(): no more than a tile of scores is ever
// held.
void block_masses(Isa isa, const KeyScoresArgs& args, std::span<const size_t> visible,
                  Matrix<float> out);

}  // namespace fathom
