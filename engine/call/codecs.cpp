#include "engine/call/codecs.hpp"

#include <fmt/format.h>

#include "engine/base/assert.hpp"
#include "engine/base/params.hpp"
#include "plugins/rtp/codec.hpp"

namespace parley {
Result<std::vector<sip::Payload>> codec_list(const std::vector<std::string>& names) {
  std::vector<sip::Payload> list;
  for (const auto& name : names) {
    const auto before = list.size();
    for (const auto* codec : rtp::codecs())
      if (equal_but_for_case(codec->name, name))
        list.push_back({.type = codec->usual_type,
                        .name = std::string(codec->name),
                        .rate = int(codec->clock_rate),
                        .channels = codec->channels,
                        .params = std::string(codec->wants)});
    if (list.size() == before) return Error{fmt::format("{} is no codec of ours", name)};
  }
  if (list.empty()) return Error{"there must be a codec"};
  return list;
}

std::vector<sip::Payload> usual_codecs() {
  auto list = codec_list({"opus", "G722", "PCMU", "PCMA"});
  PARLEY_ASSERT(list);
  return *std::move(list);
}

std::string payload_map(const std::vector<sip::Payload>& payloads) {
  std::string text;
  for (const auto& p : payloads)
    text += fmt::format("{}{}={}/{}{}{}", text.empty() ? "" : ",", p.type, p.name, p.rate,
                        p.params.empty() ? "" : ";", p.params);
  return text;
}

}  // namespace parley
