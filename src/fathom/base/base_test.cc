// half.h against the compiler's own arithmetic and every bit pattern; result.h, thread_pool.h.
#include <atomic>
#include <chrono>
#include <cmath>
#include <new>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "fathom/base/half.h"
#include "fathom/base/thread_pool.h"

namespace fathom {
namespace {

TEST(Half, EveryF16SurvivesARoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const f16 x{static_cast<uint16_t>(bits)};
    const float value = to_float(x);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(to_float(to_f16(value))));
    } else {
      EXPECT_EQ(to_f16(value).bits, x.bits) << bits;
    }
  }
}

TEST(Half, EveryBf16SurvivesARoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const bf16 x{static_cast<uint16_t>(bits)};
    const float value = to_float(x);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(to_float(to_bf16(value))));
    } else {
      EXPECT_EQ(to_bf16(value).bits, x.bits) << bits;
    }
  }
}

TEST(Half, RoundsToTheNearestEven) {
  EXPECT_EQ(to_bf16(1.0f + 0x1p-8f).bits, to_bf16(1.0f).bits);           // tie, down to even
  EXPECT_EQ(to_float(to_bf16(1.0f + 3 * 0x1p-8f)), 1.0f + 4 * 0x1p-8f);  // tie, up to even
  EXPECT_EQ(to_float(to_f16(1.0f + 0x1p-11f)), 1.0f);
  EXPECT_EQ(to_float(to_f16(1.0f + 3 * 0x1p-11f)), 1.0f + 4 * 0x1p-11f);
  EXPECT_EQ(to_float(to_f16(65519.0f)), 65504.0f);
  EXPECT_TRUE(std::isinf(to_float(to_f16(65520.0f))));
  EXPECT_EQ(to_float(to_f16(0x1p-25f)), 0.0f);  // half the least subnormal, to even
  EXPECT_EQ(to_float(to_f16(0x1.8p-25f)), 0x1p-24f);
}

TEST(ThreadPool, RunsEveryTaskOnceOnAnyNumberOfThreads) {
  for (size_t threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (size_t count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> seen(count);
      std::atomic<bool> worker_in_range{true};
      pool.run(count, [&](size_t task, size_t worker) {
        ++seen[task];
        if (worker >= threads) worker_in_range = false;
      });
      for (const auto& n : seen) EXPECT_EQ(n, 1);
      EXPECT_TRUE(worker_in_range);
    }
  }
}

TEST(ThreadPool, CallersTakeTurns) {
  ThreadPool pool(3);
  std::atomic<size_t> total{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) pool.run(8, [&](size_t task, size_t) { total += task; });
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total, 4u * 200u * 28u);
}

TEST(ThreadPool, SurvivesManyShortRuns) {
  ThreadPool pool(2);
  size_t total = 0;
  for (int i = 0; i < 20000; ++i) {
    std::atomic<size_t> sum{0};
    pool.run(3, [&](size_t task, size_t) { sum += task; });
    total += sum;
  }
  EXPECT_EQ(total, 60000u);
}

TEST(ThreadPool, HandsOnWhatATaskThrows) {
  // Tasks after the one that fails take a millisecond, and all of them many seconds: that some
  // are left out does not hang on how soon the system lets the failing thread go on.
  constexpr size_t kTasks = 50'000;
  for (const size_t threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    std::atomic<size_t> begun = 0;
    const auto fail = [&](size_t task, size_t) {
      ++begun;
      if (task == 3) throw std::bad_alloc();
      if (task > 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    EXPECT_THROW(pool.run(kTasks, fail), std::bad_alloc) << threads << " threads";
    EXPECT_LT(begun, kTasks) << "the others are left out";
    begun = 0;
    pool.run(3, fail);
    EXPECT_EQ(begun, 3u) << "and the next call is as any";
  }
}

}  // namespace
}  // namespace fathom
