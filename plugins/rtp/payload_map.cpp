#include "plugins/rtp/payload_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/base/assert.hpp"
#include "engine/base/params.hpp"

namespace parley::rtp {
namespace {

constexpr std::size_t most_entries = 32;
constexpr std::string_view events_name = "telephone-event";

// Up to `end`, taken off the front of `text`; all of it when `end` does not come.
std::string_view take(std::string_view& text, char end) {
  const auto at = std::min(text.find(end), text.size());
  const auto part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

std::optional<unsigned> number(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return {};
  return value;
}

}  // namespace

Result<PayloadMap> PayloadMap::parse(std::string_view text) {
  PayloadMap map;
  while (!text.empty())
    if (auto added = map.add(take(text, ',')); !added) return Error{added.error()};
  if (std::ranges::none_of(map.all_, [](const auto& p) { return p.codec != nullptr; }))
    return Error{"there is no codec in the payload map"};
  return map;
}

Status PayloadMap::add(std::string_view entry) {
  auto rest = entry;
  const auto type = number(take(rest, '='), 127);
  auto encoding = take(rest, ';');
  const auto name = take(encoding, '/');
  const auto clock = number(take(encoding, '/'), 1'000'000);
  if (!type || name.empty() || !clock)
    return Error{fmt::format("'{}' is not type=name/clock, like 0=PCMU/8000", entry)};
  const auto* codec = find_codec(name, *clock, rest);
  if (!codec && !equal_but_for_case(name, events_name)) {
    std::string ours;
    for (const auto* c : codecs())
      if (const auto one = fmt::format("{}/{}, ", c->name, c->clock_rate);
          ours.find(one) == ours.npos)
        ours += one;
    return Error{fmt::format("{}/{}{}{} is no codec of ours; there are {}telephone-event", name,
                             *clock, rest.empty() ? "" : ";", rest, ours)};
  }
  if (find(int(*type))) return Error{fmt::format("payload type {} stands there twice", *type)};
  if (all_.size() == most_entries) return Error{"the payload map has too many entries"};
  all_.push_back(
      {.type = int(*type), .codec = codec, .clock_rate = *clock, .params = std::string(rest)});
  index_[*type] = std::uint8_t(all_.size());
  return ok();
}

const PayloadType& PayloadMap::codec() const {
  const auto first = std::ranges::find_if(all_, [](const auto& p) { return p.codec != nullptr; });
  PARLEY_ASSERT(first != all_.end());
  return *first;
}

const PayloadType* PayloadMap::events(unsigned clock_rate) const {
  const PayloadType* found = nullptr;
  for (const auto& p : all_)
    if (!p.codec && (!found || p.clock_rate == clock_rate)) found = &p;
  return found;
}

}  // namespace parley::rtp
