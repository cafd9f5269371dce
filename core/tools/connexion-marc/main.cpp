// SPDX-License-Identifier: GPL-3.0-or-later
//
// connexion-marc: reads files of MARC 21 records, tells what is wrong with them and writes them in
// another format. Described in docs/connexion-marc.md.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <deque>
#include <exception>
#include <future>
#include <memory>
#include <system_error>
#include <vector>

#include "batch.hpp"
#include "options.hpp"
#include "pool.hpp"
#include "progress.hpp"
#include "report.hpp"

namespace connexion::tool {
namespace {

constexpr int kAllTaken = 0;
constexpr int kSomeRefused = 1;
constexpr int kMisuse = 2;

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::system_error(errno, std::generic_category(), "standard output");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

// Looks at all files before the first is read, so that a misspelt name costs no time. Gives the
// size of them all, 0 if it can't be known.
std::uint64_t check_files(const std::vector<std::string>& names) {
  std::uint64_t total = 0;
  bool known = true;
  for (const auto& name : names) {
    const std::uint64_t size = check_file(name);
    known &= size != 0;
    total += size;
  }
  return known ? total : 0;
}

// Nothing but the bar should be on the terminal while it is drawn.
bool wants_progress(const Options& options) {
  return !options.report && isatty(STDERR_FILENO) == 1 &&
         (options.to == Format::none || isatty(STDOUT_FILENO) == 0);
}

class Run {
 public:
  explicit Run(const Options& options)
      : options_(options),
        progress_(wants_progress(options), check_files(options.files)),
        pool_(options.jobs) {}

  int run() {
    write_all(STDOUT_FILENO, output_head(options_.to));
    for (const auto& name : options_.files) read(name);
    progress_.clear();
    write_all(STDOUT_FILENO, output_foot(options_.to));
    return refused_ == 0 ? kAllTaken : kSomeRefused;
  }

 private:
  // A block on its way. It stays where it is, and is used again.
  struct Job {
    Block block;
    Batch batch;
    std::future<void> done;
  };

  void read(const std::string& name) {
    File file(name);
    index_ = 0;
    while (true) {
      auto job = new_job();
      if (!file.next(job->block)) {
        spare_.push_back(std::move(job));
        break;
      }
      start(std::move(job));
      while (under_way_ > most_under_way()) finish_first(name);
    }
    while (!jobs_.empty()) finish_first(name);
  }

  // Enough bytes to keep all threads at work, and no more: memory is bounded.
  [[nodiscard]] std::size_t most_under_way() const noexcept {
    return options_.jobs > 1 ? kBlock * 2 * options_.jobs : 0;
  }

  std::unique_ptr<Job> new_job() {
    if (spare_.empty()) return std::make_unique<Job>();
    auto job = std::move(spare_.back());
    spare_.pop_back();
    return job;
  }

  void start(std::unique_ptr<Job> job) {
    under_way_ += job->block.bytes.size();
    job->done = pool_.submit([&job = *job, this] { convert(job.block, options_, job.batch); });
    jobs_.push_back(std::move(job));
  }

  void finish_first(const std::string& name) {
    pool_.wait(jobs_.front()->done);
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    under_way_ -= job->block.bytes.size();
    bytes_ += job->block.bytes.size();
    const Batch& batch = job->batch;
    write_all(STDOUT_FILENO, batch.out.view());
    if (!batch.remarks.empty()) remark(batch, name);
    index_ += batch.records;
    records_ += batch.records;
    refused_ += batch.refused;
    progress_.update(bytes_, records_, refused_);
    spare_.push_back(std::move(job));
  }

  void remark(const Batch& batch, const std::string& name) {
    std::string text;
    for (const Remark& remark : batch.remarks) {
      if (options_.report)
        put_report_head(text, name, index_ + remark.place);
      else
        text += name + ": record " + std::to_string(index_ + remark.place);
      text += remark.text;
    }
    progress_.clear();
    std::fwrite(text.data(), 1, text.size(), stderr);
  }

  const Options& options_;
  Progress progress_;
  std::deque<std::unique_ptr<Job>> jobs_;  // in the file's order
  std::vector<std::unique_ptr<Job>> spare_;
  std::size_t under_way_ = 0;  // bytes of jobs_
  Pool pool_;                  // behind what its tasks use
  std::uint64_t index_ = 0;    // of the next record in its file
  std::uint64_t bytes_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t refused_ = 0;
};

// With --report, standard error carries nothing but JSON lines.
int complain(bool as_json, const std::string& message, std::string_view more = {}) {
  std::string text;
  if (as_json) {
    text = "{\"error\":";
    put_json_string(text, message);
    text += "}\n";
  } else {
    text = "connexion-marc: " + message + "\n";
    text += more;
  }
  std::fwrite(text.data(), 1, text.size(), stderr);
  return kMisuse;
}

int run(const Options& options) {
  if (options.help) {
    write_all(STDOUT_FILENO, usage());
    return kAllTaken;
  }
  return Run(options).run();
}

bool has_report(const std::vector<std::string>& arguments) {
  for (const auto& argument : arguments) {
    if (argument == "--") return false;
    if (argument == "--report") return true;
  }
  return false;
}

}  // namespace

int main_of(const std::vector<std::string>& arguments) {
  const bool as_json = has_report(arguments);
  try {
    return run(parse_options(arguments));
  } catch (const Misuse& misuse) {
    return complain(as_json, misuse.what(), usage());
  } catch (const std::exception& error) {
    return complain(as_json, error.what());
  }
}

}  // namespace connexion::tool

int main(int count, char** arguments) {
  return connexion::tool::main_of({arguments + (count > 0 ? 1 : 0), arguments + count});
}
