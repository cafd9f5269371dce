// SPDX-License-Identifier: GPL-3.0-or-later
#include <utility>

#include "connexion/text.hpp"
#include "marc/characters.hpp"
#include "marc/double_encoding.hpp"
#include "marc/draft.hpp"
#include "marc/leader.hpp"
#include "marc/log.hpp"
#include "marc/read.hpp"
#include "text/utf8.hpp"

namespace connexion {
namespace {

using detail::Sound;

// Whether leader and text may stand as they are in the bytes.
bool may_stand(std::string_view bytes, const Sound& sound, const ReadOptions& options) {
  if (options.bracketed_hex || options.numeric_references) return false;
  if (!detail::leader_is_sound(bytes.data())) return false;
  const bool says_utf8 = bytes[9] == 'a';
  const bool may_be_utf8 =
      options.encoding == Encoding::automatic || options.encoding == Encoding::utf8;
  if (!sound.high) return may_be_utf8 || !says_utf8;
  if (!may_be_utf8 || !says_utf8) return false;
  const std::string_view text(sound.data->text, sound.data->text_size);
  return utf8::check(text) == utf8::Check::sound && !detail::may_be_double_encoded(text) &&
         (!options.nfc || utf8::is_plainly_nfc(text));
}

// The fast way lets odd values pass, which only call for a notice.
void note_leader(std::string_view bytes, ReadResult& result) {
  detail::Log log;
  std::string leader(bytes.substr(0, detail::kLeaderSize));
  detail::settle_leader(leader, log);
  result.diagnostics = std::move(log.diagnostics);
}

ReadResult take(Sound sound, std::string_view bytes, const ReadOptions& options) {
  ReadResult result;
  result.encoding = sound.high || bytes[9] == 'a' ? Encoding::utf8 : Encoding::marc8;
  if (options.encoding != Encoding::automatic) result.encoding = options.encoding;
  result.record.emplace(std::move(sound.data));
  result.outcome = Outcome::ok;
  result.consumed = bytes.size();
  if (!detail::leader_is_usual(bytes.data())) note_leader(bytes, result);
  return result;
}

detail::RawRecord raw_fields(const Sound& sound) {
  const detail::RecordData& data = *sound.data;
  detail::RawRecord raw;
  raw.fields.reserve(data.field_count);
  raw.values.reserve(data.mark_count);
  for (std::size_t i = 0; i < data.field_count; ++i) {
    const auto& field = data.fields[i];
    if (field.control) {
      raw.add_control(field.tag, {sound.base + field.first, field.count});
      continue;
    }
    raw.add_data(field.tag, field.indicators[0], field.indicators[1]);
    const std::uint32_t* const marks = data.marks + field.first;
    for (std::size_t k = 0; k < field.count; ++k)
      raw.add_subfield(data.text[marks[k] + 1],
                       {sound.base + marks[k] + 2, marks[k + 1] - marks[k] - 2});
  }
  return raw;
}

ReadResult decode(const Sound& sound, std::string_view bytes, const ReadOptions& options) {
  detail::Log log;
  log.strict = options.strict;
  detail::RecordDraft draft;
  draft.leader.assign(bytes.substr(0, detail::kLeaderSize));
  detail::settle_leader(draft.leader, log);
  ReadResult result;
  if (!log.refused())
    result.encoding =
        detail::decode_characters(bytes, bytes[9], options, raw_fields(sound), draft, log);
  result.outcome = log.outcome();
  result.consumed = bytes.size();
  result.diagnostics = std::move(log.diagnostics);
  if (result.outcome != Outcome::refused) result.record.emplace(draft.pack());
  return result;
}

}  // namespace

std::optional<ReadResult> detail::read_exact(std::string_view bytes, const ReadOptions& options) {
  const auto declared = bytes.size() < 5 ? std::nullopt : number(bytes.substr(0, 5));
  if (declared != bytes.size()) return std::nullopt;
  Sound sound = read_sound(bytes);
  if (!sound.data) return std::nullopt;
  return may_stand(bytes, sound, options) ? take(std::move(sound), bytes, options)
                                          : decode(sound, bytes, options);
}

ReadResult read_iso2709(std::string_view bytes, const ReadOptions& options) {
  if (auto result = detail::read_exact(bytes, options)) return *std::move(result);
  return detail::read_repairing(bytes, options);
}

}  // namespace connexion
