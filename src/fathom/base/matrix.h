// Views of row-major matrices: a pointer, two sizes and the distance between rows.
//
// A view owns nothing. Row r starts at data + r * stride, in elements; stride >= cols.
#pragma once

#include <cassert>
#include <cstddef>

namespace fathom {

template <class T>
struct Matrix {
  T* data = nullptr;
  size_t rows = 0;
  size_t cols = 0;
  size_t stride = 0;

  Matrix() = default;
  Matrix(T* d, size_t r, size_t c) : data(d), rows(r), cols(c), stride(c) {}
  Matrix(T* d, size_t r, size_t c, size_t s) : data(d), rows(r), cols(c), stride(s) {}

  T* row(size_t r) const { return data + r * stride; }

  // Rows [first, first + count).
  Matrix rows_at(size_t first, size_t count) const {
    assert(first + count <= rows);
    return {row(first), count, cols, stride};
  }
  // Columns [first, first + count).
  Matrix cols_at(size_t first, size_t count) const {
    assert(first + count <= cols);
    return {data + first, rows, count, stride};
  }
  operator Matrix<const T>() const {  // NOLINT(google-explicit-constructor)
    return {data, rows, cols, stride};
  }
};

template <class T>
using ConstMatrix = Matrix<const T>;

}  // namespace fathom
