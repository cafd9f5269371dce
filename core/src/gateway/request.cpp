// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion/request.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

#include "connexion/error.hpp"
#include "gateway/foreign.hpp"
#include "gateway/header.hpp"

namespace connexion {

using gateway::Certainty;
using gateway::declared_length;
using gateway::is_digit;
using gateway::plausible_leader;

namespace {

constexpr char kRecordEnd = '\x1D';
constexpr char kFieldEnd = '\x1E';
constexpr std::size_t kLengthDigits = 5;
constexpr std::size_t kLeader = 24;
constexpr std::size_t kProtocolWithin = 16;  // bytes by which HTTP and TLS are told
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool between_records(char c) {
  return c == ' ' || c == '\r' || c == '\n';
}

}  // namespace

class RequestParser::Impl {
 public:
  explicit Impl(RequestLimits limits) : limits_(limits) {}

  void feed(std::string_view bytes) {
    if (problem_ || finished_) return;
    buffer_.append(bytes);
    run();
  }

  void finish() {
    if (problem_ || finished_) return;
    finished_ = true;
    run();
  }

  std::optional<Request> next() {
    if (ready_.empty()) return std::nullopt;
    Request request = std::move(ready_.front());
    ready_.pop_front();
    return request;
  }

  [[nodiscard]] State state() const noexcept {
    if (problem_) return State::failed;
    return phase_ == Phase::between || phase_ == Phase::trailing ? State::idle : State::reading;
  }

  [[nodiscard]] const std::optional<RequestProblem>& problem() const noexcept { return problem_; }

  [[nodiscard]] std::size_t buffered() const noexcept {
    return state() == State::reading ? buffer_.size() - start_ : 0;
  }

 private:
  enum class Phase {
    between,       // no request has begun
    header,        // the fields
    xml,           // it is XML; which one is not yet known
    record,        // in a record
    after_record,  // a record is complete, another may follow
    trailing       // what follows a request and is none
  };

  void run() {
    while (!problem_ && step()) {
    }
    if (problem_) {
      buffer_.clear();
      start_ = 0;
    } else if (start_ > 0) {
      drop(start_);
    }
  }

  // Takes one step; false when it needs more bytes.
  bool step() {
    switch (phase_) {
      case Phase::between:
        return between();
      case Phase::header:
        return header();
      case Phase::xml:
        return xml();
      case Phase::record:
        return record();
      case Phase::after_record:
        return after_record();
      case Phase::trailing:
        return trailing();
    }
    return false;
  }

  [[nodiscard]] std::string_view from(std::size_t at) const {
    return std::string_view(buffer_).substr(at);
  }

  void drop(std::size_t count) {
    buffer_.erase(0, count);
    dropped_ += count;
    start_ -= count;
    record_ -= std::min(record_, count);
    record_end_ -= std::min(record_end_, count);
    scanned_ -= std::min(scanned_, count);
  }

  void fail(RequestProblem problem, std::size_t at) {
    problem.offset = dropped_ + at;
    problem_ = std::move(problem);
  }

  bool between() {
    const std::size_t begin = start_;
    for (; start_ < buffer_.size(); ++start_) {
      const char c = buffer_[start_];
      if (c == '\0' || between_records(c)) continue;
      const auto mark = from(start_).substr(0, kByteOrderMark.size());
      if (!kByteOrderMark.starts_with(mark)) break;
      if (mark.size() < kByteOrderMark.size() && !finished_) return false;
      start_ += mark.size() - 1;
    }
    if (start_ == buffer_.size()) {
      keep_blanks(begin);
      return false;
    }
    keep_blanks(begin);
    reader_ = gateway::HeaderReader();
    request_ = Request{};
    phase_ = Phase::header;
    return true;
  }

  // Up to five spaces before a request may be a record length left blank.
  void keep_blanks(std::size_t begin) {
    for (std::size_t n = 0; n < kLengthDigits && start_ > begin && buffer_[start_ - 1] == ' '; ++n)
      --start_;
  }

  bool header() {
    const auto bytes = from(start_);
    const auto text = bytes.substr(std::min(bytes.find_first_not_of(' '), bytes.size()));
    if (auto foreign = gateway::foreign_protocol(text.substr(0, kProtocolWithin))) {
      fail(std::move(*foreign), start_);
      return false;
    }
    auto found = reader_.read(bytes, finished_);
    if (!found) {
      if (reader_.bad_length())
        no_request("bad_length", "A field of the request has no readable length.",
                   start_ + reader_.fault());
      else if (reader_.truncated())
        no_request("truncated", "The connection ended before a record was sent.",
                   start_ + reader_.fault());
      else
        within_limits(buffer_.size());
      return phase_ == Phase::trailing;
    }
    return begin_record(std::move(*found));
  }

  bool begin_record(gateway::Header header) {
    record_ = scanned_ = start_ + header.record;
    if (header.certainty == Certainty::ended) {
      no_request("no_record", "The request ended before a record was sent.", record_);
    } else if (header.certainty == Certainty::none) {
      no_request("not_a_request",
                 header.length_form == LengthForm::none
                     ? "What was sent is not a request of OCLC Gateway Export."
                     : "What follows the fields of the request is not a MARC record.",
                 record_);
    } else if (header.certainty == Certainty::digit && yielded_ > 0 && finished_ &&
               buffer_.size() - record_ < kLengthDigits) {
      // a few digits are no record
      no_request("not_a_request",
                 "What follows the record is not a request of OCLC Gateway Export.", record_);
    } else {
      request_.readings = std::move(header.readings);
      request_.length_form = header.length_form;
      phase_ = buffer_[record_] == '<' ? Phase::xml : Phase::record;
    }
    return !problem_;
  }

  // After a request was answered, bytes that begin none are what the Client says when it leaves.
  void no_request(std::string_view code, std::string_view message, std::size_t at) {
    unread_ = {std::string(code), std::string(message), 0};
    if (yielded_ > 0)
      phase_ = Phase::trailing;
    else
      fail(unread_, at);
  }

  bool xml() {
    if (auto named = gateway::foreign_xml(from(record_), finished_))
      fail(std::move(*named), record_);
    else
      within_limits(buffer_.size());
    return false;
  }

  bool record() {
    for (; scanned_ < buffer_.size(); ++scanned_) {
      const char c = buffer_[scanned_];
      if (c == '\0') return end_record(scanned_, true);
      if (c != kRecordEnd) continue;
      if (const std::size_t end = ends_here(); end != 0) return end_record(end, false);
    }
    if (!within_limits(buffer_.size()) || !finished_) return false;
    return end_record(buffer_.size(), true);
  }

  // Where the record ends, seeing the terminator at scanned_; 0 if that is not its end.
  [[nodiscard]] std::size_t ends_here() const {
    const std::size_t declared = declared_length(from(record_));
    const std::size_t length = scanned_ + 1 - record_;
    if (declared == 0 || length == declared) return scanned_ + 1;
    if (length < declared) return buffer_[scanned_ - 1] == kFieldEnd ? scanned_ + 1 : 0;
    const std::size_t declared_end = record_ + declared;
    if (length >= declared + kLeader && plausible_leader(from(declared_end))) return declared_end;
    return scanned_ + 1;
  }

  // `cut`: by a NUL or the end of the connection.
  bool end_record(std::size_t end, bool cut) {
    if (!within_limits(end)) return false;
    request_.records.emplace_back(buffer_, record_, end - record_);
    record_ = scanned_ = record_end_ = end;
    if (cut) {
      rest_of_cut_ = true;
      yield(end);
    } else {
      rest_of_cut_ = false;
      phase_ = Phase::after_record;
    }
    return true;
  }

  bool after_record() {
    while (record_ < buffer_.size() && between_records(buffer_[record_])) ++record_;
    // What is no record of this request is looked at anew, with the blanks before it.
    if (record_ == buffer_.size() || !is_digit(buffer_[record_])) {
      yield(record_end_);
      return true;
    }
    const auto next = from(record_).substr(0, kLengthDigits);
    if (declared_length(next) == 0) {
      const bool more = next.size() < kLengthDigits && !finished_ &&
                        next.find_first_not_of("0123456789") == std::string_view::npos;
      if (!more) yield(record_end_);
      return !more;
    }
    if (request_.records.size() == limits_.max_records) {
      fail({"too_many_records",
            "The request holds more than " + std::to_string(limits_.max_records) +
                " records; none of them was taken. Export them in smaller groups.",
            0},
           record_);
      return false;
    }
    scanned_ = record_;
    phase_ = Phase::record;
    return true;
  }

  void yield(std::size_t end) {
    ready_.push_back(std::move(request_));
    request_ = Request{};
    ++yielded_;
    start_ = end;
    phase_ = Phase::between;
  }

  // Up to a NUL. A record terminator among it shows that a record was meant, unless it is the
  // end of one that a NUL had cut.
  bool trailing() {
    for (; start_ < buffer_.size(); ++start_) {
      const char c = buffer_[start_];
      const bool end = c == '\0' || (c == kRecordEnd && rest_of_cut_);
      if (end) {
        phase_ = Phase::between;
        ++start_;
        rest_of_cut_ = false;
        return true;
      }
      if (c == kRecordEnd) {
        fail(unread_, start_);
        return false;
      }
    }
    return false;
  }

  bool within_limits(std::size_t end) {
    if (end - start_ <= limits_.max_bytes) return true;
    fail({"too_large",
          "The request is larger than " + std::to_string(limits_.max_bytes) +
              " bytes; nothing of it was taken.",
          0},
         start_ + limits_.max_bytes);
    return false;
  }

  RequestLimits limits_;
  std::string buffer_;
  std::size_t dropped_ = 0;     // bytes of the connection before buffer_
  std::size_t start_ = 0;       // of the request
  std::size_t record_ = 0;      // of the record, or where the next one may begin
  std::size_t record_end_ = 0;  // of the last complete record
  std::size_t scanned_ = 0;     // up to here there is no end of the record
  Phase phase_ = Phase::between;
  gateway::HeaderReader reader_;
  Request request_;
  std::deque<Request> ready_;
  std::size_t yielded_ = 0;
  bool rest_of_cut_ = false;  // the last record was cut by a NUL: its rest may follow
  bool finished_ = false;
  RequestProblem unread_;  // what is wrong with what is trailing, should a record be in it
  std::optional<RequestProblem> problem_;
};

RequestParser::RequestParser(RequestLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

void RequestParser::feed(std::string_view bytes) {
  impl_->feed(bytes);
}
void RequestParser::finish() {
  impl_->finish();
}
std::optional<Request> RequestParser::next() {
  return impl_->next();
}
RequestParser::State RequestParser::state() const noexcept {
  return impl_->state();
}
std::size_t RequestParser::buffered() const noexcept {
  return impl_->buffered();
}

const RequestProblem& RequestParser::problem() const {
  if (!impl_->problem()) throw Error("request.no_problem", "the stream has no problem");
  return *impl_->problem();
}

}  // namespace connexion
