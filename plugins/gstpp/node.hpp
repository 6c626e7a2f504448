// node: an Element that lives on a loop: what all elements of a call share.
//
// A node finds its loop (GstContext "parley.loop") and its call (GstContext "parley.call"), takes
// the gate where design demands it and nowhere else, guards timers and jobs against a stream that
// has ended, and tells what happens by element messages. An element shadows what it needs of:
//
//   void started();                        READY->PAUSED, before data; reset the stream's state
//   here void playing();                        after PAUSED->PLAYING void stopped(); after
//   PAUSED->READY: pads are quiet GstFlowReturn chain(Ref<GstBuffer>);   a buffer on the sink pad
//   bool event(Ref<GstEvent>);             an event on the sink pad; forward() passes it on
//   bool upstream_event(Ref<GstEvent>);    an event on the src pad, sent by a node on the loop
//   bool query(GstPad*, GstQuery*);        default_query() is the rest
//   bool no_preroll();                     true: a live source, or a sink that does not wait for
//   data
//
// Threads: all of these run with the gate held, query() without. Upstream events and queries never
// wait for the gate; FLUSH_START from a foreign thread doesn't either and is only passed on.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <memory>
#include <string>

#include "engine/base/loop.hpp"
#include "plugins/gstpp/context.hpp"
#include "plugins/gstpp/default_loop.hpp"
#include "plugins/gstpp/element.hpp"
#include "plugins/gstpp/ptr.hpp"
#include "plugins/gstpp/structure.hpp"
#include "plugins/rtp/call_media.hpp"

namespace parley::gst {

inline constexpr auto audio_caps =
    "audio/x-raw, format=S16LE, layout=interleaved, channels=1, rate={8000, 16000}";
inline constexpr auto text_caps = "text/x-raw, format=utf8";

template <class Impl, class Settings>
class Node : public Element<Impl, Settings> {
  using Base = Element<Impl, Settings>;

 public:
  using Base::self;
  static GType parent_type() { return GST_TYPE_ELEMENT; }

  explicit Node(GstElement* element) : Base(element) {
    add_pads(element);
    // Else a pipeline does not send it the event by which gst-launch-1.0 -e ends a line.
    if (!sink_) GST_OBJECT_FLAG_SET(element, GST_ELEMENT_FLAG_SOURCE);
  }

 protected:
  // From class_init(): the pads, by caps (null: no such pad), and the state changes.
  static void setup(GstElementClass* klass, const char* sink_caps, const char* src_caps) {
    add_template(klass, "sink", GST_PAD_SINK, sink_caps);
    add_template(klass, "src", GST_PAD_SRC, src_caps);
    klass->change_state = [](GstElement* e, GstStateChange t) { return Impl::of(e).change(t); };
    klass->set_context = [](GstElement* e, GstContext* c) {
      auto& me = Impl::of(e);
      if (auto loop = from_context<Loop>(c)) me.loop_ = std::move(loop);
      if (auto call = from_context<CallMedia>(c)) me.call_ = std::move(call);
      Base::template parent<GstElementClass>()->set_context(e, c);
    };
    if (!sink_caps)  // gst-launch-1.0 -e and others end a live source by an event
      klass->send_event = [](GstElement* e, GstEvent* event) -> gboolean {
        auto& me = Impl::of(e);
        if (GST_EVENT_TYPE(event) != GST_EVENT_EOS || !me.loop_)
          return Base::template parent<GstElementClass>()->send_event(e, event);
        gst_event_unref(event);
        return me.loop_->post(
            me.guarded([&me] { gst_pad_push_event(me.src_, gst_event_new_eos()); }));
      };
  }

  Loop& loop() const { return *loop_; }
  CallMedia& call() const { return *call_; }
  GstPad* sink_pad() const { return sink_; }
  GstPad* src_pad() const { return src_; }

  // The running time of the loop's present moment: what buffers and messages are stamped with.
  GstClockTime running_time() const {
    return GstClockTime(std::max<std::int64_t>(0, (loop_->now() - base_).count()));
  }
  // The loop's moment of a running time.
  Nanos moment(GstClockTime running) const { return base_ + Nanos(std::int64_t(running)); }

  // A task that does nothing once this stream has ended (PAUSED->READY).
  Loop::Task guarded(Loop::Task task) const {
    return [alive = std::weak_ptr(life_), task = std::move(task)] {
      if (const auto keep = alive.lock()) task();
    };
  }
  Loop::TimerId at(Nanos when, Loop::Task task) {
    return loop_->at(when, guarded(std::move(task)));
  }
  Loop::TimerId after(Nanos delay, Loop::Task task) {
    return loop_->after(delay, guarded(std::move(task)));
  }

  // Slow work on a worker; what it returns runs on the loop if this stream is still alive then.
  // `work` must not touch the element. False: the queue was full.
  template <class Queue>
  [[nodiscard]] bool job(Queue& queue, Nanos cost, std::function<Loop::Task()> work) {
    return loop_->job(queue, cost,
                      [alive = std::weak_ptr(life_), work = std::move(work)]() -> Loop::Task {
                        auto task = work();
                        if (!task) return {};
                        return [alive, task = std::move(task)] {
                          if (const auto keep = alive.lock()) task();
                        };
                      });
  }

  // Says on the bus that something happened: an element message "parley-KIND" with the fields and
  // "running-time". KIND and fields are described in schema/events.json.
  void tell(const std::string& kind, Fields fields) {
    auto* s = structure(("parley-" + kind).c_str(), fields);
    gst_structure_set(s, "running-time", G_TYPE_UINT64, running_time(), nullptr);
    gst_element_post_message(self(), gst_message_new_element(GST_OBJECT(self()), s));
  }

  // STREAM_START, CAPS and SEGMENT: what every src pad carries before its first buffer. `role`
  // names the stream ("caller", "agent"), the same in every run.
  void start_stream(const char* role, const char* caps_text) {
    gst_pad_push_event(src_, gst_event_new_stream_start((std::string("parley/") + role).c_str()));
    const auto caps = adopt(gst_caps_from_string(caps_text));
    gst_pad_push_event(src_, gst_event_new_caps(caps.get()));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(src_, gst_event_new_segment(&segment));
  }

  bool forward(Ref<GstEvent> event) { return src_ && gst_pad_push_event(src_, event.release()); }
  bool send_upstream(GstStructure* s) {  // transfer full
    return gst_pad_push_event(sink_, gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, s));
  }
  bool send_downstream(GstStructure* s) {  // serialized; transfer full
    return gst_pad_push_event(src_, gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM, s));
  }
  bool default_query(GstPad* pad, GstQuery* query) {
    return gst_pad_query_default(pad, GST_OBJECT(self()), query);
  }

  // What an element may shadow.
  void started() {}
  void playing() {}
  void stopped() {}
  bool no_preroll() { return false; }
  GstFlowReturn chain(Ref<GstBuffer> buffer) { return gst_pad_push(src_, buffer.release()); }
  bool event(Ref<GstEvent> e) { return forward(std::move(e)); }
  bool upstream_event(Ref<GstEvent> e) {
    return gst_pad_event_default(src_, GST_OBJECT(self()), e.release());
  }
  bool query(GstPad* pad, GstQuery* q) { return default_query(pad, q); }

 private:
  static void add_template(GstElementClass* klass, const char* name, GstPadDirection direction,
                           const char* text) {
    if (!text) return;
    const auto caps = adopt(gst_caps_from_string(text));
    gst_element_class_add_pad_template(
        klass, gst_pad_template_new(name, direction, GST_PAD_ALWAYS, caps.get()));
  }

  // Runs a member function at the C boundary: an exception becomes an error message.
  template <class R, class F>
  static R bounded(GstObject* parent, F&& f) {
    try {
      return f(Impl::of(parent));
    } catch (const std::exception& e) {
      GST_ELEMENT_ERROR(GST_ELEMENT_CAST(parent), LIBRARY, FAILED, (nullptr), ("%s", e.what()));
      return failed<R>();
    }
  }

  void add_pads(GstElement* element) {
    auto* klass = GST_ELEMENT_GET_CLASS(element);
    if (auto* t = gst_element_class_get_pad_template(klass, "sink")) {
      sink_ = gst_pad_new_from_template(t, "sink");
      gst_pad_set_chain_function(
          sink_, +[](GstPad*, GstObject* parent, GstBuffer* b) -> GstFlowReturn {
            return bounded<GstFlowReturn>(parent, [&](Impl& me) {
              auto buffer = adopt(b);
              Gate gate(*me.loop_);
              return me.chain(std::move(buffer));
            });
          });
      gst_pad_set_event_function(
          sink_, +[](GstPad*, GstObject* parent, GstEvent* e) -> gboolean {
            return bounded<gboolean>(parent, [&](Impl& me) -> gboolean {
              auto event = adopt(e);
              if (GST_EVENT_TYPE(e) == GST_EVENT_FLUSH_START && !me.loop_->here())
                return me.forward(std::move(event));
              Gate gate(*me.loop_);
              return me.event(std::move(event));
            });
          });
      gst_element_add_pad(element, sink_);
    }
    if (auto* t = gst_element_class_get_pad_template(klass, "src")) {
      src_ = gst_pad_new_from_template(t, "src");
      gst_pad_set_event_function(
          src_, +[](GstPad* pad, GstObject* parent, GstEvent* e) -> gboolean {
            return bounded<gboolean>(parent, [&](Impl& me) -> gboolean {
              if (!me.loop_ || !me.loop_->here()) return gst_pad_event_default(pad, parent, e);
              return me.upstream_event(adopt(e));
            });
          });
      gst_element_add_pad(element, src_);
    }
    for (auto* pad : {sink_, src_})
      if (pad)
        gst_pad_set_query_function(
            pad, +[](GstPad* p, GstObject* parent, GstQuery* q) -> gboolean {
              return bounded<gboolean>(parent, [&](Impl& me) -> gboolean {
                auto* onward = p == me.sink_ ? me.src_ : me.sink_;
                if (is_context_query<Loop>(q)) return answer_context_query(q, me.loop_, onward);
                if (is_context_query<CallMedia>(q))
                  return answer_context_query(q, me.call_, onward);
                return me.query(p, q);
              });
            });
  }

  // NULL->READY: given, from a neighbour, from the application, or made.
  template <class T, class Make>
  void find(std::shared_ptr<T>& value, Make make) {
    for (auto* pad : {sink_, src_})
      if (!value) value = ask_neighbour<T>(pad);
    if (!value)
      gst_element_post_message(
          self(), gst_message_new_need_context(GST_OBJECT(self()), ContextTraits<T>::context_type));
    if (!value) value = make();
  }

  GstStateChangeReturn change(GstStateChange t) {
    auto& me = static_cast<Impl&>(*this);
    const auto body = [&]() -> GstStateChangeReturn {
      if (t == GST_STATE_CHANGE_NULL_TO_READY) {
        find(loop_, default_loop);
        find(call_, [] { return std::make_shared<CallMedia>(); });
      }
      if (t == GST_STATE_CHANGE_READY_TO_PAUSED) {
        Gate gate(*loop_);
        life_ = std::make_shared<Life>();
        base_ = loop_->now();
        me.started();
      }
      // The parent waits for a chain function that is under way: never with the gate held.
      auto result = Base::template parent<GstElementClass>()->change_state(self(), t);
      if (result == GST_STATE_CHANGE_FAILURE) return result;
      if (t == GST_STATE_CHANGE_PAUSED_TO_READY) {
        Gate gate(*loop_);
        life_.reset();
        me.stopped();
      }
      if (t == GST_STATE_CHANGE_PAUSED_TO_PLAYING) {
        Gate gate(*loop_);
        if (!loop_->is_virtual()) base_ = Nanos(std::int64_t(gst_element_get_base_time(self())));
        me.playing();
      }
      const bool to_paused =
          t == GST_STATE_CHANGE_READY_TO_PAUSED || t == GST_STATE_CHANGE_PLAYING_TO_PAUSED;
      return to_paused && me.no_preroll() ? GST_STATE_CHANGE_NO_PREROLL : result;
    };
    return bounded<GstStateChangeReturn>(GST_OBJECT(self()), [&](Impl&) { return body(); });
  }

  struct Life {};

  friend Base;
  GstPad* sink_ = nullptr;
  GstPad* src_ = nullptr;
  LoopRef loop_;
  std::shared_ptr<CallMedia> call_;
  std::shared_ptr<Life> life_;
  Nanos base_{0};
};

}  // namespace parley::gst
