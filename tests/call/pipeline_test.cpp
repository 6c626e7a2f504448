#include "engine/call/pipeline.hpp"

#include <doctest/doctest.h>

#include "engine/base/sim_loop.hpp"
#include "plugins/gstpp/structure.hpp"

using namespace parley;

TEST_CASE("pipeline: a launch line's holes are filled and quoted, its comments are gone") {
  const auto line = fill_launch_line("# hello\n  # again\na x=${A} ! b y=${B}",
                                     {{"A", "1"}, {"B", "two \"q\" \\"}});
  REQUIRE(line);
  CHECK(*line == R"(a x="1" ! b y="two \"q\" \\" )");
}

TEST_CASE("pipeline: a hole that nobody fills is named") {
  const auto line = fill_launch_line("a x=${NOPE}", {});
  REQUIRE_FALSE(line);
  CHECK(line.error() == "nobody fills ${NOPE} of the launch line");
}

TEST_CASE("pipeline: a line with a hole that is not wanted is left out") {
  const std::string launch = "# with ${A}\na\n  ! b x=${A}\n  ! c y=${B}";
  CHECK(without_hole(launch, "A") == "a\n  ! c y=${B}");
  CHECK(without_hole(launch, "B") == "# with ${A}\na\n  ! b x=${A}\n");
  CHECK(without_hole(launch, "C") == launch);
}

TEST_CASE("pipeline: a message's fields become a body, without the running time") {
  auto* s = gst::structure(
      "parley-x.y", {{"n", 7}, {"t", "text"}, {"b", true}, {"l", std::vector<std::string>{"a"}}});
  gst_structure_set(s, "running-time", G_TYPE_UINT64, guint64(1), nullptr);
  CHECK(to_json(s).dump() == R"({"b":true,"l":["a"],"n":7,"t":"text"})");
  gst_structure_free(s);
}

TEST_CASE("pipeline: a launch line with an unknown element says which") {
  const auto made =
      Pipeline::make("fakesrc ! nosuchelement", SimLoop::make(), std::make_shared<CallMedia>(), {});
  REQUIRE_FALSE(made);
  CHECK(made.error().find("nosuchelement") != std::string::npos);
}

TEST_CASE("pipeline: a stopped one is freed, and costs no descriptor while it lives") {
  Workers workers(1);
  const int before = Pipeline::live();
  {
    auto made = Pipeline::make(
        "identity ! fakesink", SimLoop::make(), std::make_shared<CallMedia>(),
        {.told = [](const auto&, auto) {}, .failed = [](const auto&, const auto&) {}});
    REQUIRE(made);
    CHECK(Pipeline::live() == before + 1);
    CHECK((*made)->prepare());
    (*made)->stop(workers);
  }
  while (Pipeline::live() != before) std::this_thread::yield();
}
