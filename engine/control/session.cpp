#include "engine/control/session.hpp"

#include <fmt/format.h>

#include <utility>

namespace parley::control {

Status Session::subscribe(const std::string& call) {
  if (call.empty()) {
    all_ = true;
  } else if (!calls_.contains(call)) {
    if (calls_.size() >= limits_.calls)
      return Error{
          fmt::format("subscribe: {} calls are the most one by one; subscribe without "
                      "\"call\" for all of them.",
                      limits_.calls)};
    calls_.insert(call);
  }
  return ok();
}

Status Session::unsubscribe(const std::string& call) {
  if (call.empty()) {
    all_ = false;
    calls_.clear();
  } else if (calls_.erase(call) == 0) {
    return Error{"unsubscribe: this console has not subscribed to that call."};
  }
  return ok();
}

void Session::event(Text text) {
  if (lost_) {
    ++*lost_;
    return;
  }
  if (events_ + 1 > limits_.events || bytes_ + text->size() > limits_.bytes) {
    lose(1);
    return;
  }
  ++events_;
  bytes_ += text->size();
  queue_.push_back({Kind::event, std::move(text)});
}

void Session::state(Text text) {
  erase(Kind::state);
  queue_.push_back({Kind::state, std::move(text)});
}

bool Session::answer(Text text) {
  if (answers_ >= limits_.answers) return false;
  ++answers_;
  queue_.push_back({Kind::answer, std::move(text)});
  return true;
}

void Session::lose(std::uint64_t events) {
  if (!all_ && calls_.empty()) return;  // it missed nothing
  lost_ = lost_.value_or(0) + events + events_;
  if (erase(Kind::notice)) *lost_ += announced_;
  erase(Kind::event);
  erase(Kind::state);
}

std::optional<std::uint64_t> Session::behind() const {
  return queue_.empty() ? lost_ : std::nullopt;
}

void Session::resync(Text notice, Text state) {
  announced_ = lost_.value_or(0);
  lost_.reset();
  ++resyncs_;
  queue_.push_back({Kind::notice, std::move(notice)});
  queue_.push_back({Kind::state, std::move(state)});
}

std::optional<Session::Text> Session::next() {
  if (queue_.empty()) return {};
  Item item = std::move(queue_.front());
  queue_.pop_front();
  if (item.kind == Kind::answer) --answers_;
  if (item.kind == Kind::event) {
    --events_;
    bytes_ -= item.text->size();
  }
  return std::move(item.text);
}

bool Session::erase(Kind kind) {
  if (kind == Kind::event) events_ = bytes_ = 0;
  return std::erase_if(queue_, [&](const Item& item) { return item.kind == kind; }) > 0;
}

}  // namespace parley::control
