// SPDX-License-Identifier: GPL-3.0-or-later
#include "connexion/request.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <ctime>

#include "connexion/error.hpp"
#include "files.hpp"
#include "random.hpp"

using connexion::Credentials;
using connexion::LengthForm;
using connexion::Request;
using connexion::RequestLimits;
using connexion::RequestParser;
using namespace std::string_literals;

namespace {

// A record with one 001 and a 245 $a, its leader and directory right.
std::string marc(const std::string& number, const std::string& title = "A title") {
  const std::string f001 = number + "\x1E";
  const std::string f245 = "10\x1F" + ("a" + title) + "\x1E";
  char entry[64];
  std::snprintf(entry, sizeof entry, "001%04zu%05d245%04zu%05zu", f001.size(), 0, f245.size(),
                f001.size());
  const std::string directory = entry + "\x1E"s;
  const std::size_t base = 24 + directory.size();
  const std::size_t total = base + f001.size() + f245.size() + 1;
  char leader[32];
  std::snprintf(leader, sizeof leader, "%05zucam a22%05zu a 4500", total, base);
  return leader + directory + f001 + f245 + "\x1D";
}

std::string with_length(std::string record, const std::string& length) {
  return record.replace(0, 5, length);
}

std::string field(char letter, const std::string& value, LengthForm form) {
  if (form == LengthForm::byte) return letter + std::string(1, char(64 + value.size())) + value;
  return letter + std::to_string(value.size()) + value;
}

std::vector<Request> drain(RequestParser& parser) {
  std::vector<Request> out;
  while (auto request = parser.next()) out.push_back(std::move(*request));
  return out;
}

std::vector<Request> parse(const std::string& bytes, bool finish = false) {
  RequestParser parser;
  parser.feed(bytes);
  if (finish) parser.finish();
  INFO("problem: " << (parser.state() == RequestParser::State::failed ? parser.problem().code
                                                                      : "none"));
  CHECK(parser.state() != RequestParser::State::failed);
  return drain(parser);
}

std::string problem(const std::string& bytes, bool finish = false) {
  RequestParser parser;
  parser.feed(bytes);
  if (finish) parser.finish();
  if (parser.state() != RequestParser::State::failed) return "";
  CHECK(parser.problem().message.size() > 20);
  return parser.problem().code;
}

Request one(const std::string& bytes, bool finish = false) {
  auto requests = parse(bytes, finish);
  REQUIRE(requests.size() == 1);
  REQUIRE(!requests[0].readings.empty());
  return requests[0];
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("request: frames of other servers' public tests") {
  const auto check = [](const std::string& frame, LengthForm form) {
    const Request r = one(frame, true);
    CHECK(r.readings[0].user == "abcde");
    CHECK(r.readings[0].login == "fg");
    CHECK(r.readings[0].password == "hij");
    CHECK(r.records == Strings{"0001012345"});
    CHECK(r.length_form == form);
  };
  check("U5abcdeA2fgP3hij0001012345", LengthForm::decimal);
  check(" UEabcde ABfg PChij 0001012345", LengthForm::byte);

  const Request empty = one("P0U3abc" + marc("1"));
  CHECK(empty.readings[0].has_password);
  CHECK(empty.readings[0].password.empty());
  CHECK(empty.readings[0].user == "abc");
  CHECK(!empty.readings[0].has_login);
  CHECK(empty.length_form == LengthForm::decimal);

  CHECK(problem("P0U3abc", true) == "truncated");
  CHECK(problem("GET / HTTP/1.1\r\n\r\n") == "http");
  CHECK(problem("<?xml version=\"1.0\"?><collection xmlns=\"x\"><record>") == "marcxml");
}

TEST_CASE("request: fields in any order, each optional, spaces between") {
  const std::string record = marc("ocm1");
  SECTION("bare record") {
    const Request r = one(record);
    CHECK(r.length_form == LengthForm::none);
    CHECK(!r.readings[0].has_user);
    CHECK(!r.readings[0].has_login);
    CHECK(!r.readings[0].has_password);
    CHECK(r.records == Strings{record});
  }
  SECTION("orders") {
    for (const auto form : {LengthForm::byte, LengthForm::decimal}) {
      std::string order = "APU";
      do {
        for (const std::string gap : {"", " ", "    "}) {
          std::string frame = gap;
          for (const char c : order) frame += field(c, std::string("v") + c, form) + gap;
          const Request r = one(frame + record);
          CHECK(r.readings.size() == 1);
          CHECK(r.readings[0].login == "vA");
          CHECK(r.readings[0].password == "vP");
          CHECK(r.readings[0].user == "vU");
          CHECK(r.records == Strings{record});
          CHECK(r.length_form == form);
        }
      } while (std::next_permutation(order.begin(), order.end()));
    }
  }
  SECTION("only some") {
    const Request r = one(field('A', "me", LengthForm::byte) + record);
    CHECK(r.readings[0].has_login);
    CHECK(!r.readings[0].has_password);
    CHECK(!r.readings[0].has_user);
  }
  SECTION("empty fields of one byte") {
    const Request r = one("U@A@P@" + record);
    CHECK(r.readings[0].has_user);
    CHECK(r.readings[0].password.empty());
    CHECK(r.length_form == LengthForm::byte);
  }
  SECTION("lengths at and above 0x80 are unsigned and count bytes") {
    for (const std::size_t size : {63, 64, 100, 191}) {
      const std::string value(size, '\xC3');
      const Request r = one(field('P', value, LengthForm::byte) + record);
      CHECK(r.readings[0].password == value);
    }
  }
  SECTION("values may hold anything") {
    const std::string value = "\0 U\x1D\x1E<?"s;
    const Request r = one(field('P', value, LengthForm::byte) + record);
    CHECK(r.readings[0].password == value);
    CHECK(r.records == Strings{record});
  }
}

TEST_CASE("request: ambiguous decimal lengths") {
  const std::string record = marc("1", std::string(900, 'x'));
  SECTION("a password that begins with a digit") {
    const Request r = one("A2meP72secret" + record);
    CHECK(r.readings[0].password == "2secret");
    CHECK(r.records == Strings{record});
  }
  SECTION("a login of digits") {
    const Request r = one("A512345P3abc" + record);
    CHECK(r.readings[0].login == "12345");
    CHECK(r.readings[0].password == "abc");
  }
  SECTION("a long value after which everything could be a longer one") {
    const Request r = one("A101234567890P211" + record);
    CHECK(r.readings[0].login == "1234567890");
  }
  SECTION("nothing but empty fields before a leader") {
    const Request r = one("U0A0P0" + record);
    CHECK(r.readings[0].has_password);
    CHECK(r.readings[0].password.empty());
    CHECK(r.records == Strings{record});
  }
  SECTION("all values are digits") {
    for (const std::string password : {"1", "12", "123", "01", "00000", "9999999999"}) {
      const Request r = one("A15P" + std::to_string(password.size()) + password + record);
      CHECK(r.readings[0].login == "5");
      CHECK(r.readings[0].password == password);
      CHECK(r.records == Strings{record});
    }
  }
  SECTION("both readings lead to the record: both are kept, more fields first") {
    const Request r = one("A12P5abcdeU3xyz" + record);
    REQUIRE(r.readings.size() == 2);
    CHECK(r.readings[0].login == "2");
    CHECK(r.readings[0].password == "abcde");
    CHECK(r.readings[0].user == "xyz");
    CHECK(r.readings[1].login == "P5abcdeU3xyz");
    CHECK(!r.readings[1].has_password);
  }
  SECTION("it is decided with the last byte of the record") {
    for (const std::string fields : {"P72secret", "A512345P9999999999", "U0A0P0"}) {
      RequestParser parser;
      const std::string frame = fields + record;
      parser.feed(frame.substr(0, frame.size() - 1));
      CHECK(!parser.next());
      CHECK(parser.state() == RequestParser::State::reading);
      CHECK(parser.buffered() == frame.size() - 1);
      parser.feed(frame.substr(frame.size() - 1));
      CHECK(parser.next());
      CHECK(parser.state() == RequestParser::State::idle);
      CHECK(parser.buffered() == 0);
    }
  }
}

TEST_CASE("request: several records, kept connections and what follows") {
  const std::string a = marc("1"), b = marc("22"), c = marc("333");
  const std::string fields =
      field('A', "me", LengthForm::byte) + field('P', "pw", LengthForm::byte);
  SECTION("directly following records are one request") {
    for (const std::string gap : {"", " ", "\r\n", "\n"})
      CHECK(one(fields + a + gap + b + gap + c).records == Strings{a, b, c});
  }
  SECTION("a record that comes later is a request without credentials") {
    RequestParser parser;
    parser.feed(fields + a);
    parser.feed(b);
    const auto requests = drain(parser);
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].records == Strings{a});
    CHECK(requests[1].records == Strings{b});
    CHECK(!requests[1].readings[0].has_login);
    CHECK(requests[1].length_form == LengthForm::none);
  }
  SECTION("a record of which a part is there is waited for") {
    RequestParser parser;
    parser.feed(fields + a + b.substr(0, 3));
    CHECK(!parser.next());
    parser.feed(b.substr(3));
    CHECK(drain(parser).at(0).records == Strings{a, b});
  }
  SECTION("fields begin a new request") {
    const auto requests = parse(fields + a + field('A', "you", LengthForm::byte) + b);
    REQUIRE(requests.size() == 2);
    CHECK(requests[1].readings[0].login == "you");
    CHECK(requests[1].records == Strings{b});
  }
  SECTION("a NUL ends a request") {
    const auto requests = parse(fields + a + "\0"s + b);
    REQUIRE(requests.size() == 2);
    CHECK(!requests[1].readings[0].has_login);
  }
  SECTION("NULs, line ends and spaces are skipped in silence") {
    for (const auto& tail : {"\0"s, "\r\n"s, " \0\r\n \0"s}) {
      CHECK(one(a + tail).records == Strings{a});
      RequestParser parser;
      parser.feed(a + tail);
      CHECK(parser.state() == RequestParser::State::idle);
      parser.finish();
      CHECK(drain(parser).size() == 1);
      CHECK(parser.state() == RequestParser::State::idle);
    }
  }
  SECTION("unknown bytes after a request are dropped in silence") {
    for (const auto& tail : {"BYE\r\n"s, "QUIT"s, "\xFF\xF4"s, "1"s, "12\r\n"s, "P\x01"s, "A@P@\0"s,
                             "12345678901234567890123456"s.substr(0, 4)}) {
      RequestParser parser;
      parser.feed(a);
      parser.feed(tail);
      parser.finish();
      INFO(tail);
      CHECK(drain(parser).size() == 1);
      CHECK(parser.state() == RequestParser::State::idle);
    }
  }
  SECTION("and a request after them is read") {
    RequestParser parser;
    parser.feed(a + "notify host before disconnect\0"s + fields + b);
    const auto requests = drain(parser);
    REQUIRE(requests.size() == 2);
    CHECK(requests[1].records == Strings{b});
  }
  SECTION("but nothing that holds a record is dropped") {
    RequestParser parser;
    parser.feed(a);
    parser.feed("something of 24 bytes or more, " + b);
    CHECK(parser.state() == RequestParser::State::failed);
    CHECK(parser.problem().code == "not_a_request");
    CHECK(parser.problem().offset > a.size());
    CHECK(drain(parser).size() == 1);
  }
  SECTION("a byte order mark") {
    CHECK(one("\xEF\xBB\xBF" + a).records == Strings{a});
    RequestParser parser;
    for (const char byte : "\xEF\xBB\xBF" + a) parser.feed({&byte, 1});
    CHECK(drain(parser).at(0).records == Strings{a});
  }
}

TEST_CASE("request: records whose length is wrong are yielded for the decoder to judge") {
  const std::string fields = field('A', "me", LengthForm::byte);
  const std::string a = marc("1", "First"), b = marc("2", "Second");
  SECTION("non-numeric or too short to be a record") {
    for (const std::string length : {"00000", "00025", "0o113", "9999x", "xxxxx", "     "}) {
      INFO(length);
      const std::string damaged = with_length(a, length);
      CHECK(one(fields + damaged).records == Strings{damaged});
      CHECK(one(damaged).records == Strings{damaged});
      CHECK(one(damaged + b, true).records[0] == damaged);
    }
  }
  SECTION("smaller than the record") {
    const std::string damaged = with_length(a, "00050");
    CHECK(one(fields + damaged).records == Strings{damaged});
    CHECK(one(fields + damaged + b).records == Strings{damaged, b});
  }
  SECTION("larger than the record: its end is seen at once") {
    for (const std::string length : {"00200", "99999"}) {
      const std::string damaged = with_length(a, length);
      CHECK(one(fields + damaged).records == Strings{damaged});
      CHECK(one(fields + damaged + b).records == Strings{damaged, b});
    }
  }
  SECTION("a terminator amid the data isn't the end") {
    std::string damaged = a;
    damaged[damaged.find("First") + 2] = '\x1D';
    CHECK(one(fields + damaged).records == Strings{damaged});
  }
  SECTION("a lost terminator, another record following") {
    const std::string lost = a.substr(0, a.size() - 1) + " ";
    CHECK(one(fields + lost + b).records == Strings{lost, b});
  }
  SECTION("a lost terminator at the end is waited for until the connection ends") {
    RequestParser parser;
    parser.feed(fields + a.substr(0, a.size() - 1));
    CHECK(!parser.next());
    parser.finish();
    CHECK(drain(parser).at(0).records == Strings{a.substr(0, a.size() - 1)});
  }
  SECTION("cut by a NUL or the end of the connection, at any byte") {
    for (std::size_t size = 1; size < a.size(); ++size) {
      const std::string cut = a.substr(0, size);
      CHECK(one(fields + cut, true).records == Strings{cut});
      CHECK(one(fields + cut + "\0"s).records == Strings{cut});
      CHECK(one(cut + "\0"s).records == Strings{cut});
    }
  }
  SECTION("the rest of a record that a NUL cut is dropped") {
    RequestParser parser;
    std::string nul = a;
    nul[nul.find("First") + 1] = '\0';
    parser.feed(fields + nul + fields + b);
    const auto requests = drain(parser);
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].records == Strings{nul.substr(0, nul.find('\0'))});
    CHECK(requests[1].records == Strings{b});
  }
}

TEST_CASE("request: what is none is named") {
  for (const std::string method :
       {"GET / HTTP/1.0", "HEAD /x HTTP/1.1", "POST /x HTTP/1.1", "PUT / HTTP/1.1",
        "OPTIONS * HTTP/1.1", "PRI * HTTP/2.0", "CONNECT a:1 HTTP/1.1", "DELETE /a HTTP/1.1"}) {
    INFO(method);
    CHECK(problem(method + "\r\nHost: x\r\n\r\n") == "http");
    CHECK(problem(method) == "http");
  }
  CHECK(problem("\x16\x03\x01\x02\x00\x01"s) == "tls");
  const std::string head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  CHECK(problem(head + "<!-- a --><record xmlns=\"http://www.loc.gov/MARC21/slim\">") == "marcxml");
  CHECK(problem("<record>") == "marcxml");
  CHECK(problem("<collection><record>") == "marcxml");
  CHECK(problem("<marc:collection xmlns:marc='m'>") == "marcxml");
  CHECK(problem(head + "<oai_dc:dc xmlns:dc='http://purl.org/dc/elements/1.1/'>") == "dublin_core");
  CHECK(problem(head + "<rdf:RDF xmlns:dc='http://purl.org/dc/elements/1.1/'>") == "dublin_core");
  CHECK(problem(head + "<metadata>") == "dublin_core");
  CHECK(problem(head + "<mods>") == "xml");
  CHECK(problem(head, true) == "xml");
  CHECK(problem(head).empty());
  CHECK(problem("A5abcdeP3xyz" + head + "<record>") == "marcxml");
  CHECK(problem(field('A', "me", LengthForm::byte) + head + "<record>") == "marcxml");
  RequestParser xml;
  xml.feed("<record>");
  CHECK(xml.problem().message.find("Tools > Options > Export > Record Characteristics") !=
        std::string::npos);
  CHECK(problem("SSH-2.0-OpenSSH_9.2p1 Debian-2") == "not_a_request");
  CHECK(problem("hello\n", true) == "not_a_request");
  CHECK(problem("hello\0"s) == "not_a_request");
  CHECK(problem("U\x05xxx") == "bad_length");
  CHECK(problem("A2meP-3abc") == "bad_length");
  CHECK(problem("A2meA2meP3abc and so on, for a while") == "not_a_request");
  CHECK(problem("A2meP3abc\0"s) == "no_record");
  CHECK(problem("A2meP3abc", true) == "truncated");
  CHECK(problem("A2meP", true) == "truncated");
  CHECK(problem("A2", true) == "truncated");
  CHECK(problem("", true).empty());
  CHECK(problem(" \r\n\0 "s, true).empty());
  RequestParser fine;
  CHECK_THROWS_AS(fine.problem(), connexion::Error);
}

TEST_CASE("request: a failed parser stays failed and holds nothing") {
  RequestParser parser;
  parser.feed("GET / HTTP/1.1\r\n");
  parser.feed(marc("1"));
  parser.finish();
  CHECK(parser.state() == RequestParser::State::failed);
  CHECK(!parser.next());
  CHECK(parser.buffered() == 0);
}

TEST_CASE("request: a parser may be handed on in the middle of a request") {
  const std::string frame = "A2meP2pw" + marc("1");
  RequestParser first;
  first.feed(frame.substr(0, 20));
  RequestParser second(std::move(first));
  second.feed(frame.substr(20, 20));
  RequestParser third;
  third = std::move(second);
  third.feed(frame.substr(40));
  const auto requests = drain(third);
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].readings[0].login == "me");
}

TEST_CASE("request: limits") {
  const std::string a = marc("1");
  RequestLimits limits;
  limits.max_records = 3;
  SECTION("records") {
    RequestParser parser(limits);
    parser.feed(a + a + a);
    CHECK(drain(parser).at(0).records.size() == 3);
    parser.feed(a + a + a + a);
    CHECK(drain(parser).empty());
    CHECK(parser.problem().code == "too_many_records");
    CHECK(parser.problem().offset == 6 * a.size());
  }
  SECTION("bytes, at the limit and one above, in one piece and byte by byte") {
    limits.max_bytes = 2 * a.size();
    for (const std::size_t extra : {0, 1}) {
      const std::string second = marc("1", "A title" + std::string(extra, 'x'));
      RequestParser whole(limits), pieces(limits);
      whole.feed(a + second);
      pieces.feed(a + second.substr(0, 1));
      for (const char byte : second.substr(1)) pieces.feed({&byte, 1});
      for (RequestParser* parser : {&whole, &pieces}) {
        CHECK(drain(*parser).size() == 1 - extra);
        CHECK((parser->state() == RequestParser::State::failed) == (extra == 1));
        if (extra == 1) CHECK(parser->problem().code == "too_large");
      }
    }
  }
  SECTION("an endless record, an endless header, an endless XML declaration") {
    limits.max_bytes = 10'000;
    for (const std::string start : {"99999nam a2200000 a 4500", "A3abc", "<?xml "}) {
      RequestParser parser(limits);
      parser.feed(start);
      for (int i = 0; i < 20 && parser.state() != RequestParser::State::failed; ++i)
        parser.feed(std::string(1000, ' '));
      REQUIRE(parser.state() == RequestParser::State::failed);
      CHECK((parser.problem().code == "too_large" || start[0] == '<'));
    }
  }
}

namespace {

struct Sent {
  std::string bytes;
  std::vector<Credentials> credentials;
  std::vector<Strings> records;
};

std::string random_text(std::mt19937& random, std::size_t longest) {
  static const std::string alphabet = "0123456789UAPabcXYZ @#\xC3\xA9";
  std::string out;
  for (std::size_t n = random() % (longest + 1); n > 0; --n)
    out += alphabet[random() % alphabet.size()];
  return out;
}

// A connection of some requests, with byte lengths so that there is one right answer.
Sent random_stream(std::mt19937& random) {
  Sent sent;
  const std::size_t requests = 1 + random() % 4;
  for (std::size_t i = 0; i < requests; ++i) {
    Credentials c;
    sent.bytes += std::string(random() % 3, ' ');
    c.has_login = c.has_password = true;
    c.login = random_text(random, 60);
    c.password = random_text(random, 120);
    sent.bytes += field('A', c.login, LengthForm::byte) + std::string(random() % 3, ' ') +
                  field('P', c.password, LengthForm::byte) + std::string(random() % 3, ' ');
    Strings records;
    for (std::size_t n = 1 + random() % 3; n > 0; --n) {
      records.push_back(marc(std::to_string(random()), random_text(random, 300)));
      sent.bytes += records.back();
    }
    if (random() % 2 == 0) sent.bytes += '\0';
    sent.credentials.push_back(c);
    sent.records.push_back(records);
  }
  return sent;
}

}  // namespace

TEST_CASE("request: any chunking gives the same fields and records") {
  auto random = seeded_random();
  for (int round = 0; round < 2000; ++round) {
    const Sent sent = random_stream(random);
    RequestParser parser;
    std::vector<Request> got;
    const std::size_t longest = round % 3 == 0 ? 1 : 1 + random() % 400;
    for (std::size_t at = 0; at < sent.bytes.size();) {
      const std::size_t size = 1 + random() % longest;
      parser.feed(std::string_view(sent.bytes).substr(at, size));
      for (auto& request : drain(parser)) got.push_back(std::move(request));
      at += size;
    }
    REQUIRE(parser.state() == RequestParser::State::idle);
    // records that came later than the one before them are requests of their own
    std::size_t request = 0, record = 0;
    for (const auto& r : got) {
      if (r.readings[0].has_login) {
        if (record != 0) {
          REQUIRE(record == sent.records[request].size());
          ++request;
          record = 0;
        }
        REQUIRE(request < sent.records.size());
        REQUIRE(r.readings[0].login == sent.credentials[request].login);
        REQUIRE(r.readings[0].password == sent.credentials[request].password);
      }
      for (const auto& bytes : r.records) REQUIRE(bytes == sent.records[request].at(record++));
    }
    REQUIRE(request == sent.records.size() - 1);
    REQUIRE(record == sent.records.back().size());
    RequestParser whole;
    whole.feed(sent.bytes);
    REQUIRE(drain(whole).size() == sent.records.size());
  }
}

namespace {

// Whether the fields by themselves hold what can't be told from a leader.
bool leader_before(const std::string& frame, std::size_t record) {
  const auto digits = [&](std::size_t at) {
    return frame.find_first_not_of("0123456789", at) >= at + 5;
  };
  for (std::size_t at = 0; at < record; ++at)
    if (digits(at) && digits(at + 12) &&
        std::string("acdnopsx").find(frame[at + 5]) != std::string::npos &&
        std::islower(static_cast<unsigned char>(frame[at + 6])) != 0)
      return true;
  return false;
}

}  // namespace

TEST_CASE("request: decimal lengths with random values keep the true reading") {
  auto random = seeded_random();
  int clear = 0;
  for (int round = 0; round < 2000; ++round) {
    const std::string login = random_text(random, 20), password = random_text(random, 20);
    const std::string record = marc("1", random_text(random, 800));
    const std::string frame =
        field('A', login, LengthForm::decimal) + field('P', password, LengthForm::decimal) + record;
    if (leader_before(frame, frame.size() - record.size())) continue;
    ++clear;
    RequestParser whole, bytewise;
    whole.feed(frame);
    for (const char byte : frame) bytewise.feed({&byte, 1});
    const auto a = whole.next(), b = bytewise.next();
    REQUIRE(a);
    REQUIRE(b);
    REQUIRE(a->records == Strings{record});
    REQUIRE(b->records == a->records);
    REQUIRE(a->readings.size() == b->readings.size());
    bool found = false;
    for (const auto& r : a->readings) found |= r.login == login && r.password == password;
    INFO(frame);
    REQUIRE(found);
  }
  CHECK(clear > 1900);
}

TEST_CASE("request: digits and a terminator behind a request are told of") {
  // Found by fuzzing; the last four bytes choose the pieces there.
  const std::string kept = data_file("../fuzz/corpus/request/digits_behind_a_request");
  const auto bytes = std::string_view(kept).substr(0, kept.size() - 4);
  for (std::size_t longest : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    RequestParser parser;
    for (std::size_t at = 0; at < bytes.size(); at += longest)
      parser.feed(bytes.substr(at, longest));
    parser.finish();
    if (parser.state() == RequestParser::State::failed) CHECK(!parser.problem().message.empty());
    CHECK(!drain(parser).empty());
  }
}

TEST_CASE("request: a blank record length is one wherever the bytes are cut") {
  // Found by fuzzing: a NUL where the leader would go on, and blanks behind a record.
  for (const auto* name : {"blank_length_cut_by_nul", "blanks_before_a_blank_length"}) {
    const std::string kept = data_file(std::string("../fuzz/corpus/request/") + name);
    const auto bytes = std::string_view(kept).substr(0, kept.size() - 4);
    const auto records = [&](std::size_t cut) {
      RequestParser parser;
      parser.feed(bytes.substr(0, cut));
      auto heard = drain(parser);
      parser.feed(bytes.substr(cut));
      parser.finish();
      for (auto& request : drain(parser)) heard.push_back(std::move(request));
      Strings all;
      for (const auto& r : heard) all.insert(all.end(), r.records.begin(), r.records.end());
      return all;
    };
    const auto whole = records(bytes.size());
    INFO(name);
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) CHECK(records(cut) == whole);
  }
}

TEST_CASE("request: random bytes never throw, and chunks don't change what comes of them") {
  auto random = seeded_random();
  const std::string likely = "UAP0123456789 \x1D\x1E\x1F@ABC<?xml cam 22 4500\r\n";
  for (int round = 0; round < 4000; ++round) {
    std::string bytes = random() % 2 == 0 ? "" : marc("1").substr(0, random() % 80);
    for (std::size_t n = random() % 300; n > 0; --n)
      bytes += random() % 8 == 0 ? char(random()) : likely[random() % likely.size()];
    if (random() % 4 == 0) bytes += marc("2");
    RequestParser whole, pieces;
    whole.feed(bytes);
    whole.finish();
    for (const char byte : bytes) pieces.feed({&byte, 1});
    pieces.finish();
    Strings a, b;
    for (const auto& r : drain(whole)) a.insert(a.end(), r.records.begin(), r.records.end());
    for (const auto& r : drain(pieces)) b.insert(b.end(), r.records.begin(), r.records.end());
    // a problem in a later record takes the whole request with it, so compare what both have
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) REQUIRE(a[i] == b[i]);
    if (whole.state() != RequestParser::State::failed) REQUIRE(a.size() == b.size());
    REQUIRE(whole.state() == pieces.state());
  }
}

TEST_CASE("request: time grows with the size, whatever the bytes") {
  const auto seconds = [](const std::string& unit, std::size_t size, const std::string& start) {
    RequestLimits limits;
    limits.max_bytes = 100'000'000;
    const std::clock_t begin = std::clock();  // the processor's time: others may be at work
    RequestParser parser(limits);
    parser.feed(start);
    std::size_t at = 0;
    for (std::size_t i = 0; i < size; ++i) {
      parser.feed({&unit[at], 1});
      if (++at == unit.size()) at = 0;
      while (parser.next()) {
      }
    }
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  };
  const std::string leader = "99999cam a2200000 a 4500";
  for (const auto& [start, unit] :
       std::vector<std::pair<std::string, std::string>>{{leader, "\x1D"},
                                                        {leader, "\x1F"},
                                                        {leader, "\x1E\x1D"},
                                                        {"A111P111U111", "1"},
                                                        {"", " "},
                                                        {"A3abc", " "},
                                                        {"", "1\x1D"},
                                                        {"", "A1"},
                                                        {marc("1"), "X\0"s},
                                                        {marc("1"), "junk"},
                                                        {"<?xml", " "},
                                                        {"", "U@A@P@\0"s}}) {
    INFO("start " << start << " unit " << unit);
    const double small = seconds(unit, 100'000, start), large = seconds(unit, 800'000, start);
    // linear would be 8 times; quadratic 64
    CHECK(large < 24 * small + 0.5);
  }
}
