// SPDX-License-Identifier: GPL-3.0-or-later
//
// connexion-marc: reads files of MARC 21 records, tells what is wrong with them and writes them in
// another format. Described in docs/connexion-marc.md.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <optional>
#include <system_error>
#include <vector>

#include "batch.hpp"
#include "in_order.hpp"
#include "options.hpp"
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
      : options_(options), progress_(wants_progress(options), check_files(options.files)) {}

  int run() {
    write_all(STDOUT_FILENO, output_head(options_.to));
    InOrder<Job>({[this](Job& job) { return take(job); },
                  [this](Job& job) { convert(job.block, options_, job.batch); },
                  [this](Job& job) { finish(job); }})
        .run(options_.jobs);
    progress_.clear();
    write_all(STDOUT_FILENO, output_foot(options_.to));
    return refused_ == 0 ? kAllTaken : kSomeRefused;
  }

 private:
  struct Job {
    Block block;
    Batch batch;
    std::size_t file = 0;
  };

  bool take(Job& job) {
    for (; next_file_ < options_.files.size(); file_.reset(), ++next_file_) {
      if (!file_) file_.emplace(options_.files[next_file_]);
      job.file = next_file_;
      if (file_->next(job.block)) return true;
    }
    return false;
  }

  void finish(const Job& job) {
    if (job.file != finished_file_) index_ = 0;
    finished_file_ = job.file;
    const Batch& batch = job.batch;
    write_all(STDOUT_FILENO, batch.out.view());
    if (!batch.remarks.empty()) remark(batch, options_.files[job.file]);
    index_ += batch.records;
    bytes_ += job.block.bytes.size();
    records_ += batch.records;
    refused_ += batch.refused;
    progress_.update(bytes_, records_, refused_);
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
  std::size_t next_file_ = 0;
  std::optional<File> file_;       // that one, where it has been opened
  std::size_t finished_file_ = 0;  // of the block that was finished last
  std::uint64_t index_ = 0;        // of the next record in that file
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
