#include "engine/call/retention.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <string_view>

namespace parley {
namespace {

constexpr auto in_use = std::chrono::minutes(10);
constexpr std::int64_t gigabyte = 1'000'000'000;

// "0190b3c8-....-.... .wav": a UUID and one of our formats.
bool is_ours(const std::filesystem::path& file) {
  const auto name = file.stem().string();
  if (file.extension() != ".wav" && file.extension() != ".opus") return false;
  if (name.size() != 36) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (name[i] == '-')) return false;
    if (!dash && std::string_view("0123456789abcdef").find(name[i]) == std::string_view::npos)
      return false;
  }
  return true;
}

std::vector<RecordingFile> files_in(const std::string& folder,
                                    std::chrono::system_clock::time_point now) {
  std::vector<RecordingFile> all;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    struct stat info {};
    if (!is_ours(entry.path()) || lstat(entry.path().c_str(), &info) != 0 || !S_ISREG(info.st_mode))
      continue;
    const auto written = std::chrono::system_clock::from_time_t(info.st_mtime);
    all.push_back({.path = entry.path().string(),
                   .bytes = info.st_size,
                   .age = std::chrono::duration_cast<std::chrono::seconds>(now - written)});
  }
  return all;
}

}  // namespace

std::vector<RecordingFile> which_to_remove(std::vector<RecordingFile> files,
                                           const RetentionLimits& limits) {
  std::ranges::stable_sort(files, std::greater{}, &RecordingFile::age);
  auto total =
      std::accumulate(files.begin(), files.end(), std::int64_t(0),
                      [](std::int64_t sum, const RecordingFile& file) { return sum + file.bytes; });
  std::erase_if(files, [&](const RecordingFile& file) {
    const bool old = limits.days > 0 && file.age > std::chrono::hours(24) * limits.days;
    const bool many = limits.gigabytes > 0 && total > limits.gigabytes * gigabyte;
    if (file.age < in_use || !(old || many)) return true;
    total -= file.bytes;
    return false;
  });
  return files;
}

Removed remove_old_recordings(const std::string& folder, const RetentionLimits& limits,
                              std::chrono::system_clock::time_point now) {
  Removed removed;
  for (const auto& file : which_to_remove(files_in(folder, now), limits)) {
    std::error_code failed;
    if (!std::filesystem::remove(file.path, failed)) continue;
    ++removed.files;
    removed.bytes += file.bytes;
  }
  return removed;
}

}  // namespace parley
