// pipeline: the GStreamer pipeline of one call, made from a launch line with ${NAME} holes.
//
// Its bus keeps nothing: a sync handler hands each message on at once and drops it, so that it
// costs no descriptor and no queue.
//
// Threads: the call's loop; the last reference is dropped on a worker.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/base/loop.hpp"
#include "engine/base/result.hpp"
#include "plugins/gstpp/ptr.hpp"
#include "plugins/rtp/call_media.hpp"

namespace parley {

// `line` with its comments (lines that begin with #) gone and each ${NAME} replaced by the quoted
// value. An error names a hole nobody fills.
Result<std::string> fill_launch_line(const std::string& line,
                                     const std::map<std::string, std::string>& holes);

// `line` without the lines that have the hole ${NAME}: what is not wanted is not built.
std::string without_hole(const std::string& line, const std::string& name);

// The fields of an element message, without "running-time".
nlohmann::json to_json(const GstStructure* structure);

class Pipeline {
 public:
  struct Listener {
    // "parley-KIND" from an element, with its fields. Called inside a push: act later.
    std::function<void(const std::string& kind, nlohmann::json body)> told;
    std::function<void(const std::string& element, const std::string& detail)> failed;
  };

  static Result<std::unique_ptr<Pipeline>> make(const std::string& line, const LoopRef& loop,
                                                const std::shared_ptr<CallMedia>& media,
                                                Listener listener);
  ~Pipeline();  // after stop(), or before prepare()
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  Status prepare();  // NULL -> PAUSED: sockets listen, nothing is sent
  Status play();     // -> PLAYING
  // -> NULL. Between dispatches only, never inside a push. The pipeline is freed on a worker.
  void stop(Workers& workers);

  // A property of a named element, as text; nothing when there is no such element.
  void set(const char* element, const char* property, const std::string& value);
  // An action signal that takes one text: "say" of "turn".
  void signal(const char* element, const char* signal, const std::string& text);

  static int live();  // pipelines of this process that are not freed yet

 private:
  Pipeline() = default;
  Status change(GstState state);
  static GstBusSyncReply on_message(GstBus*, GstMessage* message, gpointer me);

  gst::Ref<GstElement> pipeline_;
  gst::Ref<GstBus> bus_;
  Listener listener_;
};

}  // namespace parley
