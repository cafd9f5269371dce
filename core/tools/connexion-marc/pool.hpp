// SPDX-License-Identifier: GPL-3.0-or-later
//
// Threads that work off a queue. Whoever waits for a task works meanwhile, so that N threads are
// N - 1 and the caller's own; a pool of one works in the caller's thread alone.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace connexion::tool {

class Pool {
 public:
  explicit Pool(unsigned jobs) {
    for (unsigned i = 1; i < jobs; ++i) threads_.emplace_back([this] { work(); });
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

  [[nodiscard]] std::future<void> submit(std::function<void()> work) {
    Task task(std::move(work));
    auto done = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(task));
    }
    changed_.notify_one();
    return done;
  }

  /// Raises what the task has raised.
  void wait(std::future<void>& done) {
    const auto ready = [&] {
      return done.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    };
    while (!ready()) {
      std::unique_lock lock(mutex_);
      if (queue_.empty()) break;
      run_first(lock);
    }
    done.get();
  }

 private:
  using Task = std::packaged_task<void()>;

  // Gives the lock back.
  void run_first(std::unique_lock<std::mutex>& lock) {
    Task task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    task();
  }

  void work() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      run_first(lock);
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;  // last, so that they find the rest when they start
};

}  // namespace connexion::tool
