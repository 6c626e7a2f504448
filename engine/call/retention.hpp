// retention: which recordings have to go: those that are too old, and of the others the oldest
// while they are too many.
//
// A file that was written within the last ten minutes stays whatever the limits say: a live call's
// is written every second. Only files that are named as ours are (a call's id, wav or opus) are
// touched.
//
// Threads: which_to_remove is pure; remove_old_recordings waits for the disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace parley {

struct RetentionLimits {
  std::int64_t days = 0;       // 0: for ever
  std::int64_t gigabytes = 0;  // 0: as many as there are
};

struct RecordingFile {
  std::string path{};
  std::int64_t bytes = 0;
  std::chrono::seconds age{};  // since it was last written
};

// Oldest first.
std::vector<RecordingFile> which_to_remove(std::vector<RecordingFile> files,
                                           const RetentionLimits& limits);

struct Removed {
  std::int64_t files = 0, bytes = 0;
};
Removed remove_old_recordings(const std::string& folder, const RetentionLimits& limits,
                              std::chrono::system_clock::time_point now);

}  // namespace parley
