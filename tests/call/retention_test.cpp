#include "engine/call/retention.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.hpp"

using namespace parley;
namespace fs = std::filesystem;

namespace {

constexpr auto day = std::chrono::hours(24);

std::string names(const std::vector<RecordingFile>& files) {
  std::string all;
  for (const auto& f : files) all += f.path + " ";
  return all;
}

}  // namespace

TEST_CASE("retention: by age, and by size the oldest first; never one that is being written") {
  const std::int64_t gb = 1'000'000'000;
  const std::vector<RecordingFile> files{{"new", gb, std::chrono::seconds(1)},
                                         {"middle", gb, 5 * day},
                                         {"oldest", gb, 40 * day},
                                         {"older", gb, 20 * day}};
  CHECK(names(which_to_remove(files, {})) == "");
  CHECK(names(which_to_remove(files, {.days = 30})) == "oldest ");
  CHECK(names(which_to_remove(files, {.days = 1})) == "oldest older middle ");
  CHECK(names(which_to_remove(files, {.gigabytes = 3})) == "oldest ");
  CHECK(names(which_to_remove(files, {.gigabytes = 2})) == "oldest older ");
  CHECK(names(which_to_remove(files, {.days = 10, .gigabytes = 2})) == "oldest older ");
  // The newest is a live call's: it stays although there is too much.
  CHECK(names(which_to_remove({{"new", 5 * gb, std::chrono::seconds(1)}}, {.gigabytes = 1})) == "");
}

TEST_CASE("retention: only what is named as a recording is removed, and it is counted") {
  const test::TemporaryFolder folder;
  const std::string id = "0190b3c8-7a21-7abc-8def-0123456789ab";
  for (const auto& name : {id + ".wav", id + ".opus", id + ".txt", std::string("mine.wav")})
    std::ofstream(folder / name) << "1234567890";
  fs::create_symlink("/etc/hostname", folder / "0190b3c8-7a21-7abc-8def-0123456789ac.wav");
  const auto in_a_year = std::chrono::system_clock::now() + 365 * day;
  const auto removed = remove_old_recordings(folder / "", {.days = 30}, in_a_year);
  CHECK(removed.files == 2);
  CHECK(removed.bytes == 20);
  CHECK_FALSE(fs::exists(folder / (id + ".wav")));
  CHECK_FALSE(fs::exists(folder / (id + ".opus")));
  CHECK(fs::exists(folder / (id + ".txt")));
  CHECK(fs::exists(folder / "mine.wav"));
  CHECK(remove_old_recordings(folder / "nowhere", {.days = 1}, in_a_year).files == 0);
}
