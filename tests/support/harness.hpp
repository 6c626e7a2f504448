// harness: GstHarness as a C++ object, on a virtual loop of its own: pushes 20 ms frames, moves
// time, collects what comes out and what was told on the bus. No test waits for a clock.
#pragma once

#include <gst/check/gstharness.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/sim_loop.hpp"
#include "plugins/gstpp/ptr.hpp"
#include "plugins/rtp/call_media.hpp"

namespace parley::test {

class Harness {
 public:
  struct Options {
    const char* caps = "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=8000";
    bool behind = true;  // false: nothing is linked to its src pad
    // Before the element starts: what an engine would put there.
    std::function<void(const LoopRef&, CallMedia&)> prepare{};
  };

  // `line` is what stands between two bangs of gst-launch; `caps` are of what push() pushes.
  explicit Harness(
      const std::string& line,
      const char* caps = "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=8000")
      : Harness(line, Options{.caps = caps}) {}
  Harness(const std::string& line, const Options& options);
  ~Harness();
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  GstFlowReturn push(std::span<const std::int16_t> samples);  // stamped where the last one ended
  GstFlowReturn push_tone(int ms, double hz = 440, int level = 8000);
  GstFlowReturn push_silence(int ms);
  GstFlowReturn push_text(const std::string& text);
  bool push_event(GstStructure* s);     // a serialized downstream event; transfer full
  bool push_upstream(GstStructure* s);  // from behind; transfer full
  void end() { gst_harness_push_event(h_, gst_event_new_eos()); }

  void advance(Nanos time);  // moves the virtual loop on
  SimLoop& loop() { return *loop_; }
  CallMedia& call() { return *call_; }
  GstElement* element() { return h_->element; }
  GstHarness* get() { return h_; }

  std::vector<std::int16_t> audio();                         // what came out since the last call
  std::vector<std::string> texts();                          // text buffers that came out
  std::vector<gst::Ref<GstEvent>> events(const char* name);  // custom events behind, by name
  std::vector<gst::Ref<GstEvent>> upstream_events(const char* name);
  // Element messages since the last call whose structure is named "parley-KIND"; empty KIND: all.
  std::vector<gst::Ref<GstMessage>> told(const std::string& kind);

 private:
  std::shared_ptr<SimLoop> loop_;
  std::shared_ptr<CallMedia> call_;
  GstHarness* h_;
  GstBus* bus_;
  std::vector<gst::Ref<GstEvent>> downstream_, upstream_;
  std::vector<gst::Ref<GstMessage>> messages_;
  GstClockTime pts_ = 0;
  unsigned rate_ = 8000;
};

}  // namespace parley::test
