#include "plugins/record/recorder.hpp"

#include <utility>

namespace parley::record {
namespace {

std::atomic<int> open_files = 0;

}  // namespace

Workers& disk() {
  static Workers two(2);
  return two;
}

int open_recordings() { return open_files; }

// Made and dropped anywhere; opened, written and closed on the strand.
struct Recorder::File {
  explicit File(Target t) : target(std::move(t)) { ++open_files; }
  ~File() {
    sound.reset();
    --open_files;
  }

  const Target target;
  std::unique_ptr<SoundFile> sound{};
  bool failed = false;
  std::atomic<int> waiting = 0;

  std::string write(std::uint64_t silence, const std::vector<std::int16_t>& block) {
    --waiting;
    if (failed) return {};  // was told
    Status done = ok();
    if (!sound) {
      auto made = SoundFile::create(target.path, target.format, target.rate);
      if (made)
        sound = *std::move(made);
      else
        done = Error{made.error()};
    }
    if (done) done = sound->silence(silence);
    if (done) done = sound->write(block);
    if (done) return {};
    failed = true;
    sound.reset();
    return done.error();
  }
};

Recorder::Recorder(Target target, Give give)
    : target_(std::move(target)),
      give_(std::move(give)),
      strand_(Strand::make(disk())),
      file_(std::make_shared<File>(target_)) {
  write({});  // a file that cannot be made is known at once
}

Recorder::~Recorder() {
  // Closing writes too: behind everything, on the strand. With no room there the last block does.
  auto close = [file = std::move(file_)]() mutable { file.reset(); };
  (void)strand_->submit(std::move(close));
}

void Recorder::write(std::vector<std::int16_t> block) {
  const auto frames = block.size() / 2;
  if (file_->waiting < waiting_max) {
    ++file_->waiting;
    if (give_(*strand_, [file = file_, silence = missing_, block = std::move(block)] {
          return file->write(silence, block);
        })) {
      missing_ = 0;
      return;
    }
    --file_->waiting;
  }
  missing_ += frames;
  lost_ += frames;
}

}  // namespace parley::record
