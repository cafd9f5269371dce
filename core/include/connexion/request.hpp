// SPDX-License-Identifier: GPL-3.0-or-later
//
// The framing of OCLC Gateway Export: bytes of a connection in, requests out.
//
// The Client sends `U`, `A` and `P` fields (each a length and a value) and one or more ISO 2709
// records, and then waits for the reply without a terminator. So a request is complete as soon as
// the record's own leader says so. A RequestParser is fed whatever arrived, in pieces of any
// size, and yields requests; the pieces never change the fields and the records it finds.
//
//     connexion::RequestParser parser(limits);
//     parser.feed(bytes);
//     while (auto request = parser.next()) handle(*request);
//     if (parser.state() == connexion::RequestParser::State::failed) answer(parser.problem());
//
// Decimal lengths are ambiguous when the value starts with a digit ("P72secret"): every split is
// tried, the one whose remainder parses to fields and a plausible leader is kept, and the other
// readings that lead to the same record stay as candidates (`readings`).
//
// Whatever might be a record is yielded, also when its length is wrong or its end is missing: the
// decoder repairs or refuses it in words. docs/protocol.md has the grammar and every decision.
//
// Thread-safety: none; one parser per connection.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace connexion {

struct RequestLimits {
  std::size_t max_bytes = 2'000'000;  ///< one request, fields and records together
  std::size_t max_records = 100;      ///< records in one request
};

/// One way to read the U, A and P fields. Octets as sent.
struct Credentials {
  std::string user;      ///< U: meaning unsure, perhaps the OCLC authorization
  std::string login;     ///< A: Local System Logon ID
  std::string password;  ///< P
  bool has_user = false, has_login = false, has_password = false;
};

enum class LengthForm { none, byte, decimal };

struct Request {
  std::vector<Credentials> readings;  ///< the best first; at least one, perhaps all empty
  std::vector<std::string> records;   ///< octets, at least one; what came of it if it was cut off
  LengthForm length_form = LengthForm::none;
};

/// Why a stream is not a request. `code` is stable; `message` is a sentence for the cataloguer.
struct RequestProblem {
  /// http, tls, marcxml, dublin_core, xml, not_a_request, bad_length, no_record, truncated,
  /// too_large, too_many_records
  std::string code;
  std::string message;
  std::size_t offset = 0;  ///< bytes from the start of the connection
};

class RequestParser {
 public:
  enum class State {
    idle,     ///< nothing of a new request has arrived
    reading,  ///< part of a request has arrived
    failed    ///< the stream is no request; see problem(). Final.
  };
  explicit RequestParser(RequestLimits limits = {});
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  /// Takes what arrived, in time proportional to its size. Records that directly follow each other
  /// in what was fed belong to one request; one that comes in a later call, after the record
  /// before it was complete, is a new request without credentials. After finish() or a problem
  /// bytes are ignored.
  void feed(std::string_view bytes);
  /// No more will come (half-close or time-out): what there is of a record is yielded; fields
  /// without a record become a problem ("truncated").
  void finish();
  /// The next complete request, in order of arrival. Requests completed before a problem are
  /// still yielded.
  [[nodiscard]] std::optional<Request> next();
  [[nodiscard]] State state() const noexcept;
  /// Raises Error "request.no_problem" unless state() is failed.
  [[nodiscard]] const RequestProblem& problem() const;
  /// Bytes held for a request not yet complete.
  [[nodiscard]] std::size_t buffered() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace connexion
