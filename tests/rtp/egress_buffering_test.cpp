// parleyegress and a far end that buffers, as a media stream's does: marks, clears, what was heard.
#include <doctest/doctest.h>

#include <fstream>
#include <memory>

#include "tests/record/support.hpp"
#include "tests/rtp/egress_call.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace parley;
using namespace parley::test;

namespace {

// A far end that buffers: what it was told, marks and clears in between.
struct Buffer final : BufferingEnd {
  std::string log;
  std::uint64_t last = 0;
  void mark(std::uint64_t id) override {
    last = id;
    log += "mark ";
  }
  void clear() override { log += "clear "; }
};

struct StreamCall : Call {
  std::shared_ptr<Buffer> buffer = std::make_shared<Buffer>();
  explicit StreamCall(const std::string& line = "parleyegress") : Call(line) {
    h.call().buffering = buffer;
  }
  void echo() {
    Gate gate(h.loop());
    h.call().on_played(buffer->last);
  }
  std::string heard(std::int64_t utterance) {
    const auto q = ask_heard(h, utterance);
    const auto* s = gst_query_get_structure(q.get());
    return gst::get_text(s, "text") + (gst::get_bool(s, "pending") ? " ..." : "");
  }
};

}  // namespace

TEST_CASE("parleyegress: what a buffering far end has not echoed was not heard") {
  StreamCall c;
  c.h.advance(100ms);
  CHECK(c.far.got.empty());  // it plays silence by itself
  words(c.h, 1, "One two.", {"One", "two."}, "320,640");
  say(c.h, 1, 640, true);
  c.h.advance(200ms);
  CHECK(c.far.got.size() == 4);
  CHECK(c.buffer->log == "mark mark mark ");  // started, a word, the rest
  CHECK(spoken(c.h) == "");
  CHECK(c.heard(1) == " ...");
  c.echo();
  CHECK(spoken(c.h) == "started 1/0 sentence 1/2 finished 1/2 ");
  CHECK(c.heard(1) == "One two.");
}

TEST_CASE("parleyegress: a cut clears the far end's buffer, and later echoes say nothing") {
  StreamCall c;
  words(c.h, 1, "One two three.", {"One", "two", "three."}, "800,1600,8000");
  say(c.h, 1, 8000, true);
  c.h.advance(130ms);
  c.echo();  // the first word
  c.h.advance(120ms);
  CHECK(spoken(c.h) == "started 1/0 ");
  CHECK(c.heard(1) == "One ...");
  c.buffer->log.clear();
  flush(c.h);
  c.h.advance(100ms);
  CHECK(c.buffer->log == "clear ");
  CHECK(spoken(c.h) == "cut 1/1 ");
  c.echo();
  CHECK(spoken(c.h) == "");
  CHECK(c.heard(1) == "One");
}

TEST_CASE("parleyegress: a far end that echoes nothing is believed to have played after 2 s") {
  StreamCall c;
  words(c.h, 1, "One.", {"One."}, "320");
  say(c.h, 1, 320, true);
  c.h.advance(1900ms);
  CHECK(spoken(c.h) == "");
  c.h.advance(300ms);
  CHECK(spoken(c.h) == "started 1/0 sentence 1/1 finished 1/1 ");
}

TEST_CASE("parleyegress: hold music goes to a far end that buffers too, and is no word") {
  const TemporaryFolder folder;
  write_sound(folder / "music.wav", 8000, Samples(8000, 4000));
  std::ofstream(folder / "agent.toml") << "name='x'\n[hold]\nfile='music.wav'\n"
                                          "[[step]]\nid='a'\nend='Bye.'\n";
  StreamCall c("parleyegress name=out agent=" + (folder / "agent.toml"));
  const auto out = gst::adopt(gst_bin_get_by_name(GST_BIN(c.h.element()), "out"));
  c.h.advance(100ms);
  CHECK(c.far.got.empty());
  g_object_set(out.get(), "hold-music", TRUE, nullptr);
  c.h.advance(500ms);  // not yet the seam of the loop
  CHECK(c.far.got.size() > 20);
  CHECK(c.far.got.back().samples.back() == doctest::Approx(2005).epsilon(0.05));
  g_object_set(out.get(), "hold-music", FALSE, nullptr);
  c.h.advance(200ms);
  const auto sent = c.far.got.size();
  c.h.advance(1s);
  CHECK(c.far.got.size() == sent);
  CHECK(c.buffer->log.empty());
}
