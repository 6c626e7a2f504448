#include "plugins/rtp/decoders.hpp"

#include <algorithm>

namespace parley::rtp {

void Decoders::set_map(PayloadMap map) {
  map_ = std::move(map);
  std::erase_if(lines_, [&](const Line& line) {
    const auto* now = map_.find(line.type.type);
    return now && (now->codec != line.type.codec || now->params != line.type.params);
  });
}

Decoders::Line* Decoders::find(int payload_type) {
  for (auto& line : lines_)
    if (line.type.type == payload_type) return &line;
  const auto* type = map_.find(payload_type);
  if (!type || !type->codec) return nullptr;
  const auto rate = type->codec->decoded_rate(type->params);
  lines_.push_back({.type = *type, .rate = rate, .decoder = type->codec->decoder(rate)});
  return &lines_.back();
}

}  // namespace parley::rtp
