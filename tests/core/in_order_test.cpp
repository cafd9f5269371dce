// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion-marc/in_order.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using connexion::tool::InOrder;
using connexion::tool::Steps;

struct Part {
  int number = 0;
  std::string memory;
};

// Takes so many numbers, doubles each and keeps what came of them.
struct Doubling {
  int taken = 0;
  int most = 0;
  int fails_to_take = -1;
  int fails_to_work = -1;
  int fails_to_finish = -1;
  std::vector<int> finished;
  std::atomic<int> at_once = 0;  // parts taken and not finished
  std::atomic<int> most_at_once = 0;

  void run(unsigned threads) {
    InOrder<Part>({[this](Part& part) { return take(part); }, [this](Part& part) { work(part); },
                   [this](Part& part) { finish(part); }})
        .run(threads);
  }
  bool take(Part& part) {
    if (taken == fails_to_take) throw std::runtime_error("take");
    if (taken == most) return false;
    part.number = taken++;
    most_at_once = std::max(most_at_once.load(), ++at_once);
    return true;
  }
  void work(Part& part) const {
    if (part.number == fails_to_work) throw std::runtime_error("work");
    // The first takes longest, and some later ones longer than their neighbours.
    const int milliseconds = part.number == 0 ? 30 : part.number % 7 == 0 ? 1 : 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    part.memory = std::to_string(2 * part.number);
  }
  void finish(const Part& part) {
    if (part.number == fails_to_finish) throw std::runtime_error("finish");
    --at_once;
    finished.push_back(std::stoi(part.memory));
  }
};

bool is_in_order(const std::vector<int>& finished) {
  for (std::size_t i = 0; i < finished.size(); ++i)
    if (finished[i] != static_cast<int>(2 * i)) return false;
  return true;
}

std::string error_of(Doubling& doubling, unsigned threads) {
  try {
    doubling.run(threads);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("parts are finished in their order by any number of threads") {
  for (const unsigned threads : {1U, 2U, 3U, 8U}) {
    Doubling doubling;
    doubling.most = 500;
    doubling.run(threads);
    CHECK(doubling.finished.size() == 500);
    CHECK(is_in_order(doubling.finished));
    CHECK(doubling.most_at_once <= static_cast<int>(4 * threads));
  }
}

TEST_CASE("no parts are no work") {
  Doubling doubling;
  doubling.run(3);
  CHECK(doubling.finished.empty());
}

TEST_CASE("a part that cannot be taken leaves those before it to be finished") {
  for (const unsigned threads : {1U, 4U}) {
    Doubling doubling;
    doubling.most = 100;
    doubling.fails_to_take = 50;
    CHECK(error_of(doubling, threads) == "take");
    CHECK(doubling.finished.size() == 50);
    CHECK(is_in_order(doubling.finished));
  }
}

TEST_CASE("behind a part that failed nothing is finished") {
  for (const unsigned threads : {1U, 4U}) {
    Doubling working;
    working.most = 100;
    working.fails_to_work = 50;
    CHECK(error_of(working, threads) == "work");
    CHECK(working.finished.size() <= 50);
    CHECK(is_in_order(working.finished));

    Doubling finishing;
    finishing.most = 100;
    finishing.fails_to_finish = 50;
    CHECK(error_of(finishing, threads) == "finish");
    CHECK(finishing.finished.size() == 50);
    CHECK(is_in_order(finishing.finished));
    CHECK(finishing.taken < 100);
  }
}
