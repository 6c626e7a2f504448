#include "plugins/rtp/echo_ledger.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace parley {

std::uint64_t EchoLedger::left(std::int64_t utterance, Heard heard, std::vector<Progress> progress,
                               Nanos now) {
  if (progress.empty() && utterance == utterance_ && heard.words == words_) return 0;
  utterance_ = utterance;
  words_ = heard.words;
  pending_.push_back({.id = ++last_,
                      .sent = now,
                      .snapshot = {utterance, std::move(heard)},
                      .progress = std::move(progress)});
  return last_;
}

std::vector<Progress> EchoLedger::played(std::uint64_t mark) {
  std::vector<Progress> all;
  while (!pending_.empty() && pending_.front().id <= mark) {
    ++answered_;

    std::ranges::move(take_first(), std::back_inserter(all));
  }
  return all;
}

std::vector<Progress> EchoLedger::expire(Nanos now) {
  std::vector<Progress> all;
  const auto mute = [&] { return answered_ == 0 && unanswered_ >= tries; };
  while (!pending_.empty() && (mute() || pending_.front().sent + patience <= now)) {
    ++unanswered_;
    std::ranges::move(take_first(), std::back_inserter(all));
  }
  return all;
}

Heard EchoLedger::heard(std::int64_t utterance, const Heard& left) const {
  const auto known = std::ranges::find(confirmed_, utterance, &Snapshot::utterance);
  Heard heard = known == confirmed_.end() ? Heard{} : known->heard;
  heard.pending = left.pending || std::ranges::any_of(pending_, [&](const Mark& m) {
                    return m.snapshot.utterance == utterance;
                  });
  return heard;
}

std::vector<Progress> EchoLedger::take_first() {
  auto first = std::move(pending_.front());
  pending_.pop_front();
  confirm(first.snapshot);
  return std::move(first.progress);
}

void EchoLedger::confirm(const Snapshot& snapshot) {
  if (snapshot.utterance == 0) return;
  const auto known = std::ranges::find(confirmed_, snapshot.utterance, &Snapshot::utterance);
  if (known != confirmed_.end()) {
    known->heard = snapshot.heard;
    return;
  }
  if (confirmed_.size() == remembered) confirmed_.pop_front();
  confirmed_.push_back(snapshot);
}

}  // namespace parley
