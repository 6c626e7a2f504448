// once: a stream whose single answer may come late, from a timer or a job, or never.
//
// The asker holds the stream; what is under way holds a weak reference to the sink in it. So an
// answer to a stream that was destroyed finds nobody, and a sink may destroy the stream that calls
// it.
//
// Threads: deliver() on the loop; wanted() from any.
#pragma once

#include <memory>
#include <utility>

namespace parley {

template <class Sink>
class Reply {
 public:
  Reply() = default;
  explicit Reply(const std::shared_ptr<Sink>& sink) : sink_(sink) {}

  bool wanted() const { return !sink_.expired(); }
  template <class R>
  void deliver(R result) const {
    const auto keep = sink_.lock();
    if (!keep) return;
    // Taken out first: at most one answer, however often this is called.
    if (const auto sink = std::exchange(*keep, nullptr)) sink(std::move(result));
  }

 private:
  std::weak_ptr<Sink> sink_;
};

template <class Stream, class Sink>
class OnceStream final : public Stream {
 public:
  explicit OnceStream(Sink sink) : sink_(std::make_shared<Sink>(std::move(sink))) {}
  Reply<Sink> reply() const { return Reply<Sink>(sink_); }

 private:
  std::shared_ptr<Sink> sink_;
};

}  // namespace parley
