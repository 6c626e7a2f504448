#include "engine/base/ids.hpp"

#include <doctest/doctest.h>

#include <regex>
#include <set>

using parley::Ids;

TEST_CASE("ids: UUIDv7 by form, unique, and sorted as they were made") {
  Ids ids(7);
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  std::string last;
  for (int i = 0; i < 10'000; ++i) {
    const auto id = ids.next(1'767'225'600'000'000 + i / 6000 * 1000);
    CHECK(std::regex_match(id, form));
    CHECK(last < id);
    CHECK(seen.insert(id).second);
    last = id;
  }
}

TEST_CASE("ids: the same seed and time give the same ids, another seed others") {
  CHECK(Ids(1).next(5'000'000) == Ids(1).next(5'000'000));
  CHECK(Ids(1).next(5'000'000) != Ids(2).next(5'000'000));
}
