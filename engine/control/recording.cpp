#include "engine/control/recording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace parley::control {
namespace {

constexpr ByteRange nothing{1, 0};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t n = 0;
  const auto* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, n);
  if (text.empty() || error != std::errc{} || last != end) return {};
  return n;
}

}  // namespace

std::optional<ByteRange> read_range(const std::string& range, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (!range.starts_with(unit)) return {};
  const auto text = std::string_view(range).substr(unit.size());
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return {};
  const auto first = number(text.substr(0, dash)), last = number(text.substr(dash + 1));
  if (dash == 0) {  // the last so many
    if (!last) return {};
    return *last == 0 || size == 0 ? nothing : ByteRange{size - std::min(*last, size), size - 1};
  }
  if (!first || (dash + 1 < text.size() && !last) || (last && *last < *first)) return {};
  if (*first >= size) return nothing;
  return ByteRange{*first, std::min(last.value_or(size - 1), size - 1)};
}

Response recording(const std::string& path, const std::string& range) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  if (failed) return problem(404, "The recording is not there any more.");
  const std::filesystem::path file(path);
  Response response{.type = file.extension() == ".opus" ? "audio/ogg" : "audio/wav",
                    .headers = {{"accept-ranges", "bytes"},
                                {"cache-control", "no-store"},
                                {"content-disposition", fmt::format("attachment; filename=\"{}\"",
                                                                    file.filename().string())}},
                    .file = FilePart{.path = path, .bytes = size}};
  const auto part = read_range(range, size);
  if (!part) return response;
  if (*part == nothing) {
    auto no = problem(416, fmt::format("The recording has {} bytes.", size));
    no.headers.emplace_back("content-range", fmt::format("bytes */{}", size));
    return no;
  }
  response.status = 206;
  response.headers.emplace_back("content-range",
                                fmt::format("bytes {}-{}/{}", part->first, part->last, size));
  response.file->offset = part->first;
  response.file->bytes = part->last - part->first + 1;
  return response;
}

}  // namespace parley::control
