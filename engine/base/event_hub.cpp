#include "engine/base/event_hub.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace parley {

std::shared_ptr<void> EventHub::subscribe(Sink sink) {
  auto subscriber = std::make_shared<Subscriber>(Subscriber{std::move(sink)});
  std::unique_lock lock(mutex_);
  std::erase_if(subscribers_, [](const auto& s) { return s.expired(); });
  subscribers_.push_back(subscriber);
  return subscriber;
}

void EventHub::publish(EventPtr event) {
  std::shared_lock lock(mutex_);
  for (const auto& weak : subscribers_)
    if (const auto subscriber = weak.lock()) subscriber->sink(event);
}

void EventHub::process(const Loop& clock, std::string kind, nlohmann::json body) {
  const auto now = clock.utc_us();
  // Published under the lock, so that the stream of the process stays in order.
  process_.with([&](Process& p) {
    if (p.started_at < 0) p.started_at = now;
    publish(std::make_shared<Event>(Event{.call = {},
                                          .seq = ++p.seq,
                                          .at = now - p.started_at,
                                          .started_at = p.started_at,
                                          .kind = std::move(kind),
                                          .body = std::move(body)}));
  });
}

EventStream::EventStream(EventHub& hub, const Loop& loop, std::string call)
    : hub_(hub),
      loop_(loop),
      call_(std::move(call)),
      start_(loop.now()),
      started_at_(loop.utc_us()) {}

std::int64_t EventStream::at() const { return to_us(loop_.now() - start_); }

void EventStream::emit(std::string kind, nlohmann::json body) {
  loop_.assert_here();
  hub_.publish(std::make_shared<Event>(Event{.call = call_,
                                             .seq = ++seq_,
                                             .at = at(),
                                             .started_at = started_at_,
                                             .kind = std::move(kind),
                                             .body = std::move(body)}));
}

}  // namespace parley
