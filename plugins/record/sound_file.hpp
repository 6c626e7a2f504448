// sound_file: a stereo recording on disk, WAV or Ogg/Opus, that can be played however it ends.
//
// libsndfile writes both. After each write a WAV's header holds the true sizes, and an Ogg file
// ends in a whole page, so a process that is killed loses what had not been written and no more.
// Threads: the caller's, one at a time; every call may wait for the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/base/result.hpp"

namespace parley::record {

enum class Format { wav, opus };
// "wav", "opus"; an error for anything else.
Result<Format> format_of(const std::string& name);

class SoundFile {
 public:
  // Makes the file (readable by its owner only) and the folder it is in; never takes one that is
  // there.
  static Result<std::unique_ptr<SoundFile>> create(const std::string& path, Format format,
                                                   unsigned rate);
  ~SoundFile();
  SoundFile(const SoundFile&) = delete;
  SoundFile& operator=(const SoundFile&) = delete;

  Status write(std::span<const std::int16_t> frames);  // left, right, ...
  Status silence(std::uint64_t frames);

 private:
  struct Io;
  explicit SoundFile(std::unique_ptr<Io> io);
  std::unique_ptr<Io> io_;
};

}  // namespace parley::record
