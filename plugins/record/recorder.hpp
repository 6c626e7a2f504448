// recorder: a recording on its way to disk: blocks in, a file on the workers out.
//
// The disk has threads of its own, so a slow one holds up neither packets nor recognition. Blocks
// of one file are written in order, at most `waiting_max` of them wait; what finds no room is
// counted and becomes silence of the same length.
//
// Threads: the call's loop; the file is only ever touched on a worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/workers.hpp"
#include "plugins/record/sound_file.hpp"

namespace parley::record {

Workers& disk();        // the threads that write recordings
int open_recordings();  // files of this process that are not closed yet

class Recorder {
 public:
  static constexpr int waiting_max = 20;

  struct Target {
    std::string path{};
    Format format = Format::wav;
    unsigned rate = 8000;
  };
  // A job for the disk: answers why the recording has failed, once, or "".
  using Work = std::function<std::string()>;
  using Give = std::function<bool(Strand&, Work)>;

  // `give` runs work on the strand; false: there is no room.
  Recorder(Target target, Give give);
  ~Recorder();  // the file is closed when all has been written
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void write(std::vector<std::int16_t> block);  // left, right, ...
  std::uint64_t lost() const { return lost_; }  // frames that became silence
  const Target& target() const { return target_; }

 private:
  struct File;

  const Target target_;
  const Give give_;
  std::shared_ptr<Strand> strand_;
  std::shared_ptr<File> file_;
  std::uint64_t lost_ = 0;
  std::uint64_t missing_ = 0;  // of them, not yet in the file
};

}  // namespace parley::record
