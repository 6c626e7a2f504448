#include "plugins/rtp/amr_wb_modes.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using parley::rtp::amr_wb::ModeChoice;

namespace {

// The modes of the next frames, as digits.
std::string next(ModeChoice& choice, int frames) {
  std::string out;
  for (int i = 0; i < frames; ++i) out += char('0' + choice.next());
  return out;
}

}  // namespace

TEST_CASE("amr-wb modes: without a request it is 12.65 kbit/s, or what comes close in the set") {
  struct Row {
    const char* params;
    int mode;
  };
  constexpr Row rows[] = {{"", 2},
                          {"mode-set=0", 0},
                          {"mode-set=0,1", 1},
                          {"mode-set=012", 2},
                          {"mode-set=0,2,8", 2},
                          {"mode-set=8,4", 4},
                          {"mode-set=", 2},
                          {"mode-set=9", 2},
                          {"octet-align=1;mode-set=3,5;mode-change-neighbor=1", 3}};
  for (const auto& row : rows) {
    CAPTURE(row.params);
    ModeChoice choice(row.params);
    CHECK(choice.next() == row.mode);
  }
}

TEST_CASE("amr-wb modes: a request is followed from the next frame on, within the set") {
  struct Row {
    const char* params;
    int requested, mode;
  };
  constexpr Row rows[] = {{"", 0, 0},
                          {"", 8, 8},
                          {"mode-set=0,1,2", 8, 2},
                          {"mode-set=0,2,8", 5, 2},
                          {"mode-set=0,2,8", 8, 8},
                          {"mode-set=2,8", 0, 2},
                          {"mode-set=4", 1, 4}};
  for (const auto& row : rows) {
    CAPTURE(row.params);
    CAPTURE(row.requested);
    ModeChoice choice(row.params);
    const auto before = choice.next();
    choice.request(row.requested);
    CHECK(choice.next() == row.mode);
    CHECK(choice.next() == row.mode);
    choice.request({});  // no preference
    CHECK(choice.next() == before);
  }
}

TEST_CASE("amr-wb modes: with mode-change-period=2 a mode stays for two frames") {
  const auto sent = [](const char* params) {
    ModeChoice choice(params);
    auto out = next(choice, 2);
    for (const int mode : {0, 8, 0, 8, 1}) {
      choice.request(mode);
      out += next(choice, 1);
    }
    return out + next(choice, 3);
  };
  CHECK(sent("") == "2208081111");
  CHECK(sent("mode-change-period=1") == "2208081111");
  CHECK(sent("mode-change-period=2") == "2200088111");
}

TEST_CASE("amr-wb modes: with mode-change-neighbor=1 the set is gone through mode by mode") {
  ModeChoice choice("mode-set=0,2,4,8;mode-change-neighbor=1");
  choice.request(8);
  CHECK(next(choice, 4) == "4888");
  choice.request(0);
  CHECK(next(choice, 4) == "4200");
  ModeChoice slow("mode-set=0,2,4,8;mode-change-neighbor=1;mode-change-period=2");
  choice = slow;
  choice.request(8);
  CHECK(next(choice, 6) == "448888");
}
