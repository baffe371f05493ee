// Fork and join over a fixed set of threads.
//
// Work is cut into tasks by the caller, by the shape of the problem and never by the number of
// threads, so that results do not depend on how many threads run.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fathom {

class ThreadPool {
 public:
  // `threads` >= 1, the caller's own included. Where the system refuses more threads (a limit on
  // processes or memory), there are fewer: size() tells.
  explicit ThreadPool(size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t size() const { return workers_.size() + 1; }

  // Calls task(i, worker) for every i in [0, count), in any order and on any thread, and returns
  // when all are done. `worker` < size() names the thread, for scratch memory. Tasks must not
  // call run() of the same pool. Where any throw, all that began are awaited, the others are left
  // out, and one of the exceptions is thrown again. Callers on several threads take turns.
  void run(size_t count, const std::function<void(size_t task, size_t worker)>& task);

 private:
  void work(size_t worker);
  void drain(size_t worker);
  void await_workers();

  std::vector<std::thread> workers_;
  std::mutex callers_;  // held for a whole run()
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(size_t, size_t)>* task_ = nullptr;
  size_t count_ = 0;
  std::atomic<size_t> next_{0};
  std::atomic<size_t> generation_{0};
  std::atomic<size_t> running_{0};
  std::exception_ptr failure_;  // of a task, the first
  bool stop_ = false;
};

// Cores this process may run on (its affinity mask), at least 1.
size_t available_cores();

}  // namespace fathom
