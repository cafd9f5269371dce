// SPDX-License-Identifier: GPL-3.0-or-later
//
// Parts of a long work, done by several threads at once and finished in the order in which they
// were taken. No thread deals out work to the others: each takes the next part, does it, and
// finishes it and those behind it if all before it are finished; otherwise it leaves that to
// whoever does the one before. So no thread has to be woken but where one is far behind.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace connexion::tool {

template <typename Part>
struct Steps {
  std::function<bool(Part&)> take;    // one at a time; false: there are no more
  std::function<void(Part&)> work;    // several at once
  std::function<void(Part&)> finish;  // one at a time, in order
};

/// A part has what was left in it by an earlier one, so that memory is used again; there are never
/// more of them than some for each thread.
template <typename Part>
class InOrder {
 public:
  explicit InOrder(Steps<Part> steps) : steps_(std::move(steps)) {}

  /// Raises what a step has raised. Parts taken before one that can't be taken are finished.
  void run(unsigned threads) {
    most_ = threads > 1 ? kPartsPerThread * threads : 1;
    {
      std::vector<std::jthread> others;
      for (unsigned i = 1; i < threads; ++i) others.emplace_back([this] { take_all(); });
      take_all();
    }
    if (error_) std::rethrow_exception(error_);
  }

 private:
  static constexpr std::size_t kPartsPerThread = 4;
  static constexpr int kAsked = 5000;

  struct Slot {
    Part part;
    bool done = false;
  };

  void take_all() noexcept {
    while (Slot* const slot = take()) {
      if (attempt(steps_.work, slot->part)) done(*slot);
    }
  }

  // Null where there is no more to do.
  Slot* take() noexcept {
    const auto order = turn_to_take();
    Slot* const slot = room();
    if (slot == nullptr) return nullptr;
    bool taken = false;
    attempt([&](Part& part) { taken = steps_.take(part); }, slot->part);
    const std::lock_guard lock(mutex_);
    if (!taken) {
      no_more_ = true;
      return nullptr;
    }
    slot->done = false;
    under_way_.push_back(slot);
    return slot;
  }

  // Taking is short, beside work: to be put to sleep and woken would cost more than to ask again.
  std::unique_lock<std::mutex> turn_to_take() {
    std::unique_lock lock(taking_, std::try_to_lock);
    for (int i = 0; i < kAsked && !lock.owns_lock(); ++i) static_cast<void>(lock.try_lock());
    if (!lock.owns_lock()) lock.lock();
    return lock;
  }

  // Waits until there is a slot that nobody uses; null where none is needed any more.
  Slot* room() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return no_more_ || !spare_.empty() || slots_.size() < most_; });
    if (no_more_) return nullptr;
    if (spare_.empty()) {
      slots_.push_back(std::make_unique<Slot>());
      return slots_.back().get();
    }
    Slot* const slot = spare_.back();
    spare_.pop_back();
    return slot;
  }

  void done(Slot& slot) noexcept {
    std::unique_lock lock(mutex_);
    slot.done = true;
    if (finishing_) return;  // whoever does that comes to this one too
    finishing_ = true;
    while (!under_way_.empty() && under_way_.front()->done) {
      Slot* const first = under_way_.front();
      under_way_.pop_front();
      lock.unlock();
      const bool finished = attempt(steps_.finish, first->part);
      lock.lock();
      if (!finished) return;  // nothing behind it may be finished
      spare_.push_back(first);
      room_.notify_one();
    }
    finishing_ = false;
  }

  // False where the step has failed: then nothing more is taken.
  template <typename Step>
  bool attempt(const Step& step, Part& part) noexcept {
    try {
      step(part);
      return true;
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      no_more_ = true;
      room_.notify_all();
      return false;
    }
  }

  const Steps<Part> steps_;
  std::size_t most_ = 1;
  std::mutex taking_;  // held while a part is taken
  std::mutex mutex_;   // for all below
  std::condition_variable room_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> spare_;
  std::deque<Slot*> under_way_;  // in order
  bool finishing_ = false;
  bool no_more_ = false;
  std::exception_ptr error_;
};

}  // namespace connexion::tool
