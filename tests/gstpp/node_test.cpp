// What Node promises every element, shown on a toy that doubles samples and answers late.
#include "plugins/gstpp/node.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "plugins/gstpp/map.hpp"
#include "tests/support/harness.hpp"

namespace {

using namespace parley;

struct ToySettings {
  guint delay_ms = 40;
  bool throws = false;
};

class Toy final : public gst::Node<Toy, ToySettings> {
 public:
  static constexpr gst::Description about{"ParleyToy", "parleytoy", "Toy", "Test",
                                          "Passes audio on, later"};
  static constexpr auto properties =
      std::tuple{gst::prop("delay-ms", "Delay", &ToySettings::delay_ms, {0, 1000}),
                 gst::prop("throws", "Throw on every buffer", &ToySettings::throws)};
  static void class_init(GstElementClass* k) { setup(k, gst::audio_caps, gst::audio_caps); }
  using Node::Node;

  GstFlowReturn chain(gst::Ref<GstBuffer> buffer) {
    if (settings().throws) throw std::runtime_error("a toy breaks");
    after(Nanos(1ms) * settings().delay_ms, [this, buffer] {
      tell("toy.passed", {{"bytes", gst_buffer_get_size(buffer.get())}});
      gst_pad_push(src_pad(), gst::Ref(buffer).release());
    });
    return GST_FLOW_OK;
  }
  static inline int stops = 0;
  void stopped() { ++stops; }
};

const bool registered = [] {
  gst_init(nullptr, nullptr);
  return gst_element_register(nullptr, "parleytoy", GST_RANK_NONE, Toy::type());
}();

}  // namespace

TEST_CASE("node: a timer set in a chain fires at its moment of the loop's time") {
  REQUIRE(registered);
  test::Harness h("parleytoy delay-ms=40");
  CHECK(h.push_tone(20) == GST_FLOW_OK);
  h.advance(39ms);
  CHECK(h.audio().empty());
  h.advance(1ms);
  CHECK(h.audio().size() == 160);
  const auto told = h.told("toy.passed");
  REQUIRE(told.size() == 1);
  const auto* s = gst_message_get_structure(told[0].get());
  CHECK(gst::get_int(s, "bytes") == 320);
  guint64 at = 0;
  gst_structure_get_uint64(s, "running-time", &at);
  CHECK(at == 40 * GST_MSECOND);
}

TEST_CASE("node: a stream that has ended gets no more of its timers") {
  const auto loop = [] {
    test::Harness h("parleytoy");
    CHECK(h.push_tone(20) == GST_FLOW_OK);
    return std::static_pointer_cast<SimLoop>(h.loop().shared_from_this());
  }();
  loop->pump_to(1s);  // would touch a freed element
  CHECK(Toy::stops > 0);
}

TEST_CASE("node: what throws becomes an error on the bus and a failed flow") {
  test::Harness h("parleytoy throws=true");
  CHECK(h.push_tone(20) == GST_FLOW_ERROR);
}

TEST_CASE("node: a chain without an engine shares one virtual loop and one call") {
  g_setenv("PARLEY_TIME", "virtual", TRUE);
  auto* a = gst_parse_launch("parleytoy name=a ! parleytoy name=b ! fakesink", nullptr);
  auto* other = gst_parse_launch("parleytoy name=a ! fakesink", nullptr);
  gst_element_set_state(a, GST_STATE_READY);
  gst_element_set_state(other, GST_STATE_READY);
  const auto loop_of = [](GstElement* bin, const char* name) {
    const auto e = gst::adopt(gst_bin_get_by_name(GST_BIN(bin), name));
    const auto pad = gst::adopt(gst_element_get_static_pad(e.get(), "sink"));
    const auto q = gst::adopt(gst_query_new_context("parley.loop"));
    GstContext* c = nullptr;
    REQUIRE(gst_pad_query(pad.get(), q.get()));
    gst_query_parse_context(q.get(), &c);
    return gst::from_context<Loop>(c);
  };
  CHECK(loop_of(a, "a") == loop_of(a, "b"));
  CHECK(loop_of(a, "a") != loop_of(other, "a"));
  CHECK(loop_of(a, "a")->is_virtual());
  for (auto* e : {a, other}) {
    gst_element_set_state(e, GST_STATE_NULL);
    gst_object_unref(e);
  }
  g_unsetenv("PARLEY_TIME");
}

TEST_CASE("structure: every kind of field reads back; what is absent reads as nothing") {
  auto* s = gst::structure("x", {{"n", 7},
                                 {"b", true},
                                 {"d", 1.5},
                                 {"t", "text"},
                                 {"l", std::vector<std::string>{"a", "b"}}});
  CHECK(gst::get_int(s, "n") == 7);
  CHECK(gst::get_bool(s, "b"));
  CHECK(gst::get_double(s, "d") == 1.5);
  CHECK(gst::get_text(s, "t") == "text");
  CHECK(gst::get_list(s, "l") == std::vector<std::string>{"a", "b"});
  CHECK(gst::get_int(s, "none") == 0);
  CHECK(gst::get_text(s, "none").empty());
  gst_structure_free(s);
}
