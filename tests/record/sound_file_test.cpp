#include "plugins/record/sound_file.hpp"

#include <doctest/doctest.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

#include "tests/record/support.hpp"
#include "tests/support/full_disk.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace parley;
using namespace parley::record;
using namespace parley::test;

namespace {

std::vector<std::int16_t> tone(int ms, unsigned rate = 8000) {
  std::vector<std::int16_t> stereo;
  for (unsigned i = 0; i < rate * unsigned(ms) / 1000; ++i) {
    stereo.push_back(std::int16_t(8000 * std::sin(i * 2 * M_PI * 400 / rate)));
    stereo.push_back(0);
  }
  return stereo;
}

// Runs `work` in a process of its own, which then waits to be killed.
template <class Work>
void in_a_process_that_is_killed(Work&& work) {
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const auto child = fork();
  if (child == 0) {
    work();
    const char done = 1;
    if (write(ready[1], &done, 1) != 1) _exit(1);
    for (;;) pause();
  }
  char done = 0;
  CHECK(read(ready[0], &done, 1) == 1);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  close(ready[0]);
  close(ready[1]);
}

}  // namespace

TEST_CASE("sound file: what was written is read back, in both formats, silence included") {
  for (const auto format : {Format::wav, Format::opus})
    for (const unsigned rate : {8000u, 16000u}) {
      const TemporaryFolder folder;
      const auto path = folder / "deep/er/call";
      {
        auto file = SoundFile::create(path, format, rate);
        REQUIRE_MESSAGE(file, file.error());
        REQUIRE((*file)->write(tone(1000, rate)));
        REQUIRE((*file)->silence(rate));
        REQUIRE((*file)->write(tone(1000, rate)));
      }
      const auto read = read_sound(path);
      CHECK(read.channels == 2);
      CHECK(read.seconds() == doctest::Approx(3).epsilon(0.02));
      CHECK(read.level(0, 0.1, 0.9) > 4000);
      CHECK(read.level(0, 1.2, 1.8) < 100);
      CHECK(read.level(0, 2.2, 2.8) > 4000);
      CHECK(read.level(1, 0.1, 0.9) < 100);
    }
}

TEST_CASE("sound file: after kill -9 what was written can be played (P12)") {
  for (const auto format : {Format::wav, Format::opus}) {
    const TemporaryFolder folder;
    const auto path = folder / "call";
    in_a_process_that_is_killed([&] {
      auto file = SoundFile::create(path, format, 8000);
      for (int i = 0; file && i < 10; ++i) (void)(*file)->write(tone(1000));
      (void)file->release();  // no destructor, as in a process that dies
    });
    const auto read = read_sound(path);
    CHECK(read.channels == 2);
    CHECK(read.seconds() <= 10.01);
    CHECK(read.seconds() > (format == Format::wav ? 9.99 : 8.9));
    CHECK(read.level(0, 0.5, 8.5) > 4000);
  }
}

TEST_CASE("sound file: a full disk is an error that says so, and what was written stays") {
  const TemporaryFolder folder;
  const auto path = folder / "call.wav";
  Status last = ok();
  {
    const FullDisk full(100'000);
    auto file = SoundFile::create(path, Format::wav, 8000);
    REQUIRE(file);
    for (int i = 0; last && i < 10; ++i) last = (*file)->write(tone(1000));
  }
  REQUIRE_FALSE(last);
  CHECK(last.error() == path + ": File too large");
  CHECK(read_sound(path).seconds() > 2.9);
}

TEST_CASE("sound file: a file that is there is never overwritten, and only its owner reads it") {
  const TemporaryFolder folder;
  const auto path = folder / "call.wav";
  { REQUIRE(SoundFile::create(path, Format::wav, 8000)); }
  const auto again = SoundFile::create(path, Format::wav, 8000);
  REQUIRE_FALSE(again);
  CHECK(again.error() == path + ": File exists");
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK_FALSE(format_of("mp3"));
}
