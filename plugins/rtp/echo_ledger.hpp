// echo_ledger: what has been heard at a far end that keeps what it is sent until it has played it,
// as the buffer behind a media stream does.
//
// What left is not yet what was heard: a mark follows it, and the far end echoes the mark when
// everything before it has been played. Only then is the progress told and the ledger of heard
// words moved on. After a cut the far end throws its buffer away and echoes what was pending all
// the same: those echoes count for nothing. A mark that is not echoed in time is taken as played,
// and counted; a far end that has never echoed is not waited for any more.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "engine/base/clock.hpp"
#include "plugins/rtp/playout.hpp"

namespace parley {

class EchoLedger {
 public:
  static constexpr Nanos patience = 2s;      // beyond the present: audio is sent as it is played
  static constexpr std::uint64_t tries = 3;  // of a far end that never echoes

  // What has left by `now`, and what happened since the mark before. Answers the mark to send;
  // 0: nothing is new.
  std::uint64_t left(std::int64_t utterance, Heard heard, std::vector<Progress> progress,
                     Nanos now);
  // The far end has played all that was sent before this mark: what is to be told.
  std::vector<Progress> played(std::uint64_t mark);
  // The same for marks whose echo is overdue.
  std::vector<Progress> expire(Nanos now);
  // The far end has been told to throw away what it has not played.
  void cut() { pending_.clear(); }

  // What was heard of an utterance; `left` is what left of it.
  Heard heard(std::int64_t utterance, const Heard& left) const;
  bool waits() const { return !pending_.empty(); }
  std::uint64_t unanswered() const { return unanswered_; }

 private:
  static constexpr std::size_t remembered = 8;  // utterances
  struct Snapshot {
    std::int64_t utterance = 0;
    Heard heard{};
  };
  struct Mark {
    std::uint64_t id = 0;
    Nanos sent{0};
    Snapshot snapshot{};
    std::vector<Progress> progress{};
  };

  std::vector<Progress> take_first();
  void confirm(const Snapshot& snapshot);

  std::deque<Mark> pending_{};
  std::deque<Snapshot> confirmed_{};
  std::uint64_t last_ = 0;  // mark
  std::int64_t utterance_ = 0;
  std::int64_t words_ = 0;  // of it, in the newest mark
  std::uint64_t answered_ = 0, unanswered_ = 0;
};

}  // namespace parley
