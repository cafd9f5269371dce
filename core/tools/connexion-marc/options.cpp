// SPDX-License-Identifier: GPL-3.0-or-later
#include "options.hpp"

#include <charconv>
#include <utility>

namespace connexion::tool {
namespace {

constexpr unsigned kMostJobs = 256;

template <typename Value, std::size_t N>
Value choose(const std::string& option, const std::string& given,
             const std::pair<std::string_view, Value> (&choices)[N]) {
  std::string names;
  for (const auto& [name, value] : choices) {
    if (given == name) return value;
    names += names.empty() ? "" : ", ";
    names += name;
  }
  throw Misuse(option + ": \"" + given + "\" is none of " + names);
}

Format format_of(const std::string& given) {
  static constexpr std::pair<std::string_view, Format> kChoices[] = {
      {"line", Format::line},       {"json", Format::json}, {"xml", Format::xml},
      {"iso2709", Format::iso2709}, {"none", Format::none},
  };
  return choose("--to", given, kChoices);
}

Encoding input_encoding(const std::string& given) {
  static constexpr std::pair<std::string_view, Encoding> kChoices[] = {
      {"auto", Encoding::automatic},
      {"utf-8", Encoding::utf8},
      {"marc-8", Encoding::marc8},
      {"latin-1", Encoding::latin1},
  };
  return choose("--from", given, kChoices);
}

Encoding output_encoding(const std::string& given) {
  static constexpr std::pair<std::string_view, Encoding> kChoices[] = {
      {"utf-8", Encoding::utf8},
      {"marc-8", Encoding::marc8},
  };
  return choose("--to-encoding", given, kChoices);
}

unsigned job_count(const std::string& given) {
  unsigned count = 0;
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), count);
  if (error != std::errc{} || end != given.data() + given.size() || count < 1 || count > kMostJobs)
    throw Misuse("--jobs: \"" + given + "\" is no number from 1 to " + std::to_string(kMostJobs));
  return count;
}

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  Options parse() {
    while (at_ < arguments_.size()) take(arguments_[at_++]);
    if (options_.files.empty()) options_.files.emplace_back("-");
    if (options_.write.encoding == Encoding::marc8 && options_.to != Format::iso2709)
      throw Misuse("--to-encoding marc-8 needs --to iso2709: the other formats are UTF-8");
    return std::move(options_);
  }

 private:
  void take(const std::string& argument) {
    if (only_files_ || argument == "-" || !argument.starts_with('-')) {
      options_.files.push_back(argument);
    } else if (argument == "--") {
      only_files_ = true;
    } else if (!take_flag(argument)) {
      take_valued(argument);
    }
  }

  bool take_flag(const std::string& name) {
    if (name == "--nfc" || name == "--as-is")
      options_.read.nfc = name == "--nfc";
    else if (name == "--strict")
      options_.read.strict = true;
    else if (name == "--report")
      options_.report = true;
    else if (name == "--help" || name == "-h")
      options_.help = true;
    else
      return false;
    return true;
  }

  // `--to xml` and `--to=xml` alike.
  void take_valued(const std::string& argument) {
    const std::size_t sign = argument.find('=');
    const std::string name = argument.substr(0, sign);
    const auto value = [&]() -> std::string {
      if (sign != std::string::npos) return argument.substr(sign + 1);
      if (at_ == arguments_.size()) throw Misuse(name + " needs a value");
      return arguments_[at_++];
    };
    if (name == "--to")
      options_.to = format_of(value());
    else if (name == "--from")
      options_.read.encoding = input_encoding(value());
    else if (name == "--to-encoding")
      options_.write.encoding = output_encoding(value());
    else if (name == "--jobs")
      options_.jobs = job_count(value());
    else
      throw Misuse("unknown option " + argument);
  }

  const std::vector<std::string>& arguments_;
  std::size_t at_ = 0;
  bool only_files_ = false;
  Options options_;
};

}  // namespace

Options parse_options(const std::vector<std::string>& arguments) {
  return Parser(arguments).parse();
}

std::string_view usage() noexcept {
  return "usage: connexion-marc [--to line|json|xml|iso2709|none] [--from "
         "auto|utf-8|marc-8|latin-1]\n"
         "                      [--nfc|--as-is] [--to-encoding utf-8|marc-8] [--strict] "
         "[--report]\n"
         "                      [--jobs N] [FILE...]\n"
         "\n"
         "Reads MARC 21 records from files or standard input, says what is wrong with them, and\n"
         "writes those that can be read without loss to standard output.\n"
         "\n"
         "  --to FORMAT           what is written (line)\n"
         "  --from ENCODING       what the records are in (auto: decided by their bytes)\n"
         "  --nfc, --as-is        characters in normal form C, or as they come (--as-is)\n"
         "  --to-encoding NAME    of --to iso2709 (utf-8)\n"
         "  --strict              refuse what would be repaired\n"
         "  --report              a line of JSON on standard error for each record\n"
         "  --jobs N              decode in N threads (1)\n"
         "\n"
         "Exit status: 0 all records were taken, 1 some were refused, 2 the command can't be "
         "followed.\n";
}

}  // namespace connexion::tool
