#include "fathom/base/buffer.h"

#include <cstdlib>
#include <new>

#include <sys/mman.h>

namespace fathom {
namespace {
constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;

size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }
}  // namespace

void* allocate_aligned(size_t bytes) {
  if (bytes == 0) return nullptr;
  const bool huge = bytes >= kHugePage;
  const size_t alignment = huge ? kHugePage : kAlignment;
  if (bytes > SIZE_MAX - alignment) throw std::bad_alloc();
  const size_t size = round_up(bytes, alignment);
  void* memory = std::aligned_alloc(alignment, size);
  if (memory == nullptr) throw std::bad_alloc();
  if (huge) madvise(memory, size, MADV_HUGEPAGE);  // advice: a refusal changes speed only
  return memory;
}

void free_aligned(void* memory) { std::free(memory); }

}  // namespace fathom
