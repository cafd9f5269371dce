// SPDX-License-Identifier: GPL-3.0-or-later
//
// The framing of OCLC Gateway Export: bytes of a connection in, requests out.
//
// The Client sends `U`, `A` and `P` fields (each a length and a value) and one or more ISO 2709
// records, and then waits for the reply without a terminator. So a request is complete as soon as
// the record's own leader says so. A RequestParser is fed whatever arrived, in pieces of any
// size, and yields requests; the pieces never change what it yields.
//
//     connexion::RequestParser parser(limits);
//     parser.feed(bytes);
//     while (auto request = parser.next()) handle(*request);
//     if (parser.state() == connexion::RequestParser::State::failed) answer(parser.problem());
//
// Decimal lengths are ambiguous when the value starts with a digit ("P72secret"): every split is
// tried, the one whose remainder parses to fields and a plausible leader is kept, and the other
// readings stay as candidates for the login and its password (`readings`).
//
// Thread-safety: none; one parser per connection.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace connexion {

struct RequestLimits {
  std::size_t max_bytes = 2'000'000;        ///< one request, fields and records together
  std::size_t max_records = 100;            ///< records in one request
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
  std::vector<std::string> records;   ///< ISO 2709 octets, each whole by its own leader
  LengthForm length_form = LengthForm::none;
};

/// Why a stream is not a request. `code` is stable; `message` is a sentence for the cataloguer.
struct RequestProblem {
  std::string code;  ///< http, tls, marcxml, dublin_core, not_a_request, too_large, too_many_records, truncated, bad_length…
  std::string message;
  std::size_t offset = 0;
};

class RequestParser {
 public:
  enum class State {
    idle,     ///< nothing of a new request has arrived
    reading,  ///< part of a request has arrived
    failed    ///< the stream is no request; see problem(). Final.
  };
  explicit RequestParser(RequestLimits limits = {});

  void feed(std::string_view bytes);
  /// No more will come (half-close or NUL time-out): what is complete is yielded, what is not
  /// becomes a problem ("truncated").
  void finish();
  /// The next complete request, in order of arrival.
  [[nodiscard]] std::optional<Request> next();
  [[nodiscard]] State state() const noexcept;
  [[nodiscard]] const RequestProblem& problem() const;
  /// Bytes held for a request not yet complete.
  [[nodiscard]] std::size_t buffered() const noexcept;

 private:
  RequestLimits limits_;
  std::string buffer_;
  bool finished_ = false;
  std::optional<RequestProblem> problem_;
};

}  // namespace connexion
