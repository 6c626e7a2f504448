#include "plugins/testkit/wav.hpp"

#include <fmt/format.h>
#include <speex/speex_resampler.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace parley::caller {
namespace {

constexpr std::uintmax_t max_file_bytes = 64u << 20;
constexpr unsigned line_rate = 8000;

unsigned little(std::string_view bytes, std::size_t at, std::size_t count) {
  unsigned value = 0;
  for (std::size_t i = 0; i < count; ++i)
    value |= unsigned(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

void put_little(std::string& out, unsigned value, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out += static_cast<char>(value >> (8 * i));
}

}  // namespace

Result<Wav> parse_wav(std::string_view bytes) {
  if (bytes.size() < 12 || !bytes.starts_with("RIFF") || bytes.substr(8, 4) != "WAVE") {
    return Error{"it is no RIFF/WAVE file"};
  }
  Wav wav;
  bool formatted = false;
  for (std::size_t at = 12; at + 8 <= bytes.size();) {
    const auto name = bytes.substr(at, 4);
    const std::size_t length =
        std::min<std::size_t>(little(bytes, at + 4, 4), bytes.size() - at - 8);
    const auto body = bytes.substr(at + 8, length);
    if (name == "fmt ") {
      if (length < 16) return Error{"its format chunk is too short"};
      if (little(body, 0, 2) != 1 || little(body, 14, 2) != 16)
        return Error{"only PCM of 16 bits can be played"};
      wav.channels = little(body, 2, 2);
      wav.rate = little(body, 4, 4);
      if (wav.channels < 1 || wav.channels > 8)
        return Error{fmt::format("{} channels are not 1 to 8", wav.channels)};
      if (wav.rate < 4000 || wav.rate > 192'000)
        return Error{fmt::format("a rate of {} Hz is not 4000 to 192000", wav.rate)};
      formatted = true;
    } else if (name == "data") {
      if (!formatted) return Error{"its samples come ahead of their format"};
      const std::size_t frame = 2 * wav.channels;
      wav.samples.resize(length / frame * wav.channels);
      for (std::size_t i = 0; i < wav.samples.size(); ++i) {
        wav.samples[i] = static_cast<std::int16_t>(little(body, 2 * i, 2));
      }
      return wav;
    }
    at += 8 + length + length % 2;
  }
  return Error{"it holds no samples"};
}

Result<Wav> read_wav(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) return Error{fmt::format("{}: {}", path, error.message())};
  if (size > max_file_bytes) return Error{fmt::format("{}: larger than 64 MB", path)};
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) return Error{fmt::format("{}: cannot be read", path)};
  auto wav = parse_wav(bytes);
  if (!wav) return Error{fmt::format("{}: {}", path, wav.error())};
  return wav;
}

std::string format_wav(const Wav& wav) {
  const auto bytes = static_cast<unsigned>(2 * wav.samples.size());
  std::string out = "RIFF";
  out.reserve(44 + bytes);
  put_little(out, 36 + bytes, 4);
  out += "WAVEfmt ";
  put_little(out, 16, 4);
  put_little(out, 1, 2);
  put_little(out, wav.channels, 2);
  put_little(out, wav.rate, 4);
  put_little(out, wav.rate * wav.channels * 2, 4);
  put_little(out, wav.channels * 2, 2);
  put_little(out, 16, 2);
  out += "data";
  put_little(out, bytes, 4);
  for (const auto sample : wav.samples) put_little(out, static_cast<std::uint16_t>(sample), 2);
  return out;
}

Status write_wav(const std::string& path, const Wav& wav) {
  const auto part = path + ".part";
  {
    std::ofstream file(part, std::ios::binary | std::ios::trunc);
    const auto bytes = format_wav(wav);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.flush();
    if (!file) return Error{fmt::format("{}: cannot be written: {}", part, std::strerror(errno))};
  }
  if (std::rename(part.c_str(), path.c_str()) != 0) {
    return Error{fmt::format("{}: cannot be renamed to: {}", path, std::strerror(errno))};
  }
  return ok();
}

std::vector<std::int16_t> to_line(const Wav& wav) {
  std::vector<std::int16_t> mono(wav.samples.size() / wav.channels);
  for (std::size_t i = 0; i < mono.size(); ++i) mono[i] = wav.samples[i * wav.channels];
  if (wav.rate == line_rate || mono.empty()) return mono;

  int error = 0;
  SpeexResamplerState* resampler = speex_resampler_init(1, wav.rate, line_rate, 6, &error);
  PARLEY_ASSERT(resampler != nullptr);
  speex_resampler_skip_zeros(resampler);
  mono.resize(mono.size() +
              static_cast<std::size_t>(speex_resampler_get_input_latency(resampler)));  // its tail
  std::vector<std::int16_t> out(mono.size() * line_rate / wav.rate + 16);
  auto taken = static_cast<spx_uint32_t>(mono.size());
  auto made = static_cast<spx_uint32_t>(out.size());
  speex_resampler_process_int(resampler, 0, mono.data(), &taken, out.data(), &made);
  speex_resampler_destroy(resampler);
  out.resize(made);
  return out;
}

}  // namespace parley::caller
