#include "engine/control/recording.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

using namespace parley::control;

TEST_CASE("recording: one range of bytes is honoured, anything else is the whole file") {
  struct Row {
    const char* range;
    std::optional<ByteRange> want;
  };
  for (const auto& row :
       {Row{"bytes=0-99", ByteRange{0, 99}}, Row{"bytes=10-", ByteRange{10, 999}},
        Row{"bytes=-5", ByteRange{995, 999}}, Row{"bytes=-5000", ByteRange{0, 999}},
        Row{"bytes=990-5000", ByteRange{990, 999}}, Row{"bytes=1000-", ByteRange{1, 0}},
        Row{"bytes=-0", ByteRange{1, 0}}, Row{"bytes=5-4", {}}, Row{"bytes=0-1,5-6", {}},
        Row{"bytes=a-b", {}}, Row{"bytes=-", {}}, Row{"bytes=1", {}}, Row{"lines=1-2", {}},
        Row{"bytes=99999999999999999999-", {}}, Row{"", {}}}) {
    CAPTURE(row.range);
    CHECK(read_range(row.range, 1000) == row.want);
  }
}

TEST_CASE("recording: the answer says type, name and part; a file that is gone is a 404") {
  const auto path = (std::filesystem::temp_directory_path() / "parley-recording-test.wav").string();
  std::ofstream(path) << std::string(1000, 'x');
  const auto whole = recording(path, "");
  CHECK(whole.status == 200);
  CHECK(whole.type == "audio/wav");
  CHECK(whole.file->bytes == 1000);
  const auto part = recording(path, "bytes=100-199");
  CHECK(part.status == 206);
  CHECK(part.file->offset == 100);
  CHECK(part.file->bytes == 100);
  CHECK(part.headers.back() ==
        std::pair<std::string, std::string>{"content-range", "bytes 100-199/1000"});
  const auto none = recording(path, "bytes=1000-");
  CHECK(none.status == 416);
  CHECK_FALSE(none.file);
  std::filesystem::remove(path);
  CHECK(recording(path, "").status == 404);
}
