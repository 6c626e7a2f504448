#include "engine/media_stream/message.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "engine/base/base64.hpp"

namespace parley::media_stream {
namespace {

using nlohmann::json;

constexpr std::size_t parameters_max = 64, parameter_bytes_max = 4096;

struct Wrong : std::runtime_error {
  using runtime_error::runtime_error;
};

const json& object(const json& from, std::string_view name) {
  const auto found = from.find(name);
  if (found == from.end() || !found->is_object())
    throw Wrong(fmt::format("{} is not an object", name));
  return *found;
}

std::optional<std::string> text(const json& from, std::string_view name) {
  const auto found = from.find(name);
  if (found == from.end() || found->is_null()) return {};
  if (!found->is_string()) throw Wrong(fmt::format("{} is not a text", name));
  return found->get<std::string>();
}

std::string needed_text(const json& from, std::string_view name) {
  auto found = text(from, name);
  if (!found || found->empty()) throw Wrong(fmt::format("{} is missing", name));
  return *std::move(found);
}

std::optional<std::uint64_t> number(const json& from, std::string_view name) {
  const auto found = from.find(name);
  if (found == from.end() || found->is_null()) return {};
  if (found->is_number_unsigned()) return found->get<std::uint64_t>();
  std::uint64_t n = 0;
  if (found->is_string()) {
    const auto& digits = found->get_ref<const std::string&>();
    const auto* end = digits.data() + digits.size();
    const auto [last, error] = std::from_chars(digits.data(), end, n);
    if (!digits.empty() && error == std::errc{} && last == end) return n;
  }
  throw Wrong(fmt::format("{} is not a whole number", name));
}

std::uint64_t needed_number(const json& from, std::string_view name) {
  const auto found = number(from, name);
  if (!found) throw Wrong(fmt::format("{} is missing", name));
  return *found;
}

std::map<std::string, std::string> parameters(const json& from) {
  std::map<std::string, std::string> all;
  const auto found = from.find("customParameters");
  if (found == from.end() || found->is_null()) return all;
  if (!found->is_object()) throw Wrong("customParameters is not an object");
  for (const auto& [name, value] : found->items()) {
    if (!value.is_string()) throw Wrong("customParameters holds something that is not a text");
    const auto& held = value.get_ref<const std::string&>();
    if (all.size() == parameters_max || name.size() + held.size() > parameter_bytes_max)
      throw Wrong(
          fmt::format("customParameters has more than {} entries, or one of more than {} "
                      "bytes",
                      parameters_max, parameter_bytes_max));
    all.emplace(name, held);
  }
  return all;
}

Start read_start(const Dialect& dialect, const json& message) {
  const auto& body = object(message, "start");
  const auto& format = object(body, dialect.media_format);
  Start start{.stream = needed_text(message, dialect.stream_id)};
  start.call = text(body, dialect.names_stream ? "callSid" : "call_control_id").value_or("");
  start.encoding = needed_text(format, "encoding");
  start.rate = unsigned(needed_number(format, dialect.sample_rate));
  start.channels = unsigned(number(format, "channels").value_or(1));
  start.parameters = parameters(body);
  const auto named = [&](const char* name) {
    const auto it = start.parameters.find(name);
    return it == start.parameters.end() ? text(body, name).value_or("") : it->second;
  };
  start.from = named("from");
  start.to = named("to");
  return start;
}

Media read_media(const json& message) {
  const auto& body = object(message, "media");
  Media media{.chunk = needed_number(body, "chunk"),
              .timestamp_ms = needed_number(body, "timestamp")};
  const auto track = text(body, "track").value_or("inbound");
  media.inbound = track == "inbound" || track == "inbound_track";
  const auto coded = needed_text(body, "payload");
  if (coded.size() / 4 * 3 > longest_payload + 2)
    throw Wrong(
        fmt::format("media.payload has {} characters; more than {} bytes of audio are not "
                    "taken at once",
                    coded.size(), longest_payload));
  auto bytes = decode_base64(coded);
  if (!bytes) throw Wrong("media.payload " + bytes.error());
  media.payload = *std::move(bytes);
  return media;
}

Dtmf read_dtmf(const json& message) {
  const auto digit = needed_text(object(message, "dtmf"), "digit");
  static constexpr std::string_view digits = "0123456789*#ABCD";
  if (digit.size() != 1 || digits.find(digit[0]) == std::string_view::npos)
    throw Wrong("dtmf.digit is no key of a telephone");
  return {digit[0]};
}

Complaint read_complaint(const json& message) {
  const auto& body = object(message, "payload");
  const auto code = body.find("code");
  return {.code = code == body.end() ? "" : code->dump(),
          .title = text(body, "title").value_or("")};
}

Message read(const Dialect& dialect, const json& message) {
  if (!message.is_object()) throw Wrong("the message is not a JSON object");
  const auto event = needed_text(message, "event");
  Message out{.sequence = number(message, dialect.sequence),
              .stream = text(message, dialect.stream_id).value_or("")};
  if (event == "media")
    out.body = read_media(message);
  else if (event == "start")
    out.body = read_start(dialect, message);
  else if (event == "dtmf")
    out.body = read_dtmf(message);
  else if (event == "mark")
    out.body = Mark{needed_text(object(message, "mark"), "name")};
  else if (event == "stop")
    out.body = Stop{};
  else if (event == "connected")
    out.body = Connected{};
  else if (event == "error")
    out.body = read_complaint(message);
  else
    out.body = Unknown{event.substr(0, 40)};
  return out;
}

}  // namespace

const Dialect twilio{"twilio", "streamSid", "sequenceNumber", "mediaFormat", "sampleRate", true};
const Dialect telnyx{"telnyx",       "stream_id",   "sequence_number",
                     "media_format", "sample_rate", false};

const Dialect* dialect_of(std::string_view name) {
  for (const auto* dialect : {&twilio, &telnyx})
    if (dialect->name == name) return dialect;
  return nullptr;
}

Result<Message> parse(const Dialect& dialect, std::string_view text) {
  const auto message = json::parse(text, nullptr, false);
  if (message.is_discarded()) return Error{"the message is not JSON"};
  try {
    return read(dialect, message);
  } catch (const Wrong& wrong) {
    return Error{wrong.what()};
  }
}

Writer::Writer(const Dialect& dialect, const std::string& stream) {
  if (dialect.names_stream)
    id_ = fmt::format(R"(,"{}":{})", dialect.stream_id,
                      json(stream).dump(-1, ' ', false, json::error_handler_t::replace));
}

std::string Writer::of(std::string_view event) const {
  return fmt::format(R"({{"event":"{}"{})", event, id_);
}

std::string Writer::media(std::span<const std::uint8_t> payload) const {
  return fmt::format(R"({},"media":{{"payload":"{}"}}}})", of("media"), encode_base64(payload));
}

std::string Writer::mark(std::uint64_t id) const {
  return fmt::format(R"({},"mark":{{"name":"p{}"}}}})", of("mark"), id);
}

std::string Writer::clear() const { return of("clear") + "}"; }

std::optional<std::uint64_t> mark_id(std::string_view name) {
  std::uint64_t id = 0;
  if (!name.starts_with('p')) return {};
  const auto* end = name.data() + name.size();
  const auto [last, error] = std::from_chars(name.data() + 1, end, id);
  if (error != std::errc{} || last != end || id == 0) return {};
  return id;
}

}  // namespace parley::media_stream
