// SPDX-License-Identifier: GPL-3.0-or-later
//
// Threads that work off a queue. A pool of one works in the caller's thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "batch.hpp"

namespace connexion::tool {

class Pool {
 public:
  explicit Pool(unsigned jobs) {
    if (jobs < 2) return;
    for (unsigned i = 0; i < jobs; ++i) threads_.emplace_back([this] { work(); });
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      queue_.clear();
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  /// How many tasks may wait for their turn.
  [[nodiscard]] std::size_t backlog() const noexcept { return threads_.size() * 2; }

  template <typename Work>
  std::future<Batch> submit(Work work) {
    std::packaged_task<Batch()> task(std::move(work));
    auto result = task.get_future();
    if (threads_.empty()) {
      task();
      return result;
    }
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(task));
    }
    changed_.notify_one();
    return result;
  }

 private:
  void work() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      auto task = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::packaged_task<Batch()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;  // last, so that they find the rest when they start
};

}  // namespace connexion::tool
