#include "engine/base/params.hpp"

#include <doctest/doctest.h>

using namespace parley;

TEST_CASE("params: they are read as the far end wrote them") {
  CHECK(param("maxplaybackrate=8000; UseInbandFEC = 1", "useinbandfec") == 1);
  CHECK(param("maxplaybackrate=8000;useinbandfec=1", "maxplaybackrate") == 8000);
  CHECK_FALSE(param("maxplaybackrate=;;=;x", "maxplaybackrate"));
  CHECK_FALSE(param("maxplaybackrate=8k", "maxplaybackrate"));
  CHECK_FALSE(param("", "usedtx"));
  CHECK(param_text("octet-align=1; mode-set = 0,2", "mode-set") == "0,2");
  CHECK_FALSE(param_text("octet-align=1", "mode-set"));
}

TEST_CASE("params: names are the same whatever their case") {
  CHECK(equal_but_for_case("telephone-event", "TELEPHONE-Event"));
  CHECK_FALSE(equal_but_for_case("PCMU", "PCMA"));
  CHECK_FALSE(equal_but_for_case("PCMU", "PCM"));
}
