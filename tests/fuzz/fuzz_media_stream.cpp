// Any text on a media stream's WebSocket: a message with bounded parts, or an error that says why.
#include <string_view>

#include "engine/media_stream/message.hpp"
#include "tests/fuzz/bytes.hpp"

using namespace parley;
using namespace parley::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto* dialect : {&media_stream::twilio, &media_stream::telnyx}) {
    const auto message = media_stream::parse(*dialect, text);
    if (!message) {
      must(!message.error().empty());
    } else if (const auto* media = std::get_if<media_stream::Media>(&message->body)) {
      must(media->payload.size() <= media_stream::longest_payload);
    } else if (const auto* start = std::get_if<media_stream::Start>(&message->body)) {
      must(start->stream == message->stream || start->stream.empty() || message->stream.empty());
    }
  }
  return 0;
}
