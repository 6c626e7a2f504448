// turn_machine: who has the floor: what is heard, pressed, said and how long nobody spoke go in;
// what to answer, speak, cut, duck and tell come out.
//
// It alone ends a turn. A turn ends with a final text that is a whole answer, or after a pause when
// it was part of one. Barge-in has two stages: speech ducks the agent; words or enough of it cut
// the agent off. Speech that was none lets it talk on, and when it was cut by mistake it says the
// rest. Every state has a deadline and an event behind it, so a call is never silent for ever.
// Every utterance ends in exactly one Said or Cut.
//
// Threads: none; the owner's. Nothing reads a clock: `now` comes in.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/clock.hpp"
#include "plugins/agent/agent.hpp"

namespace parley::turn {

namespace in {
struct Start {};  // the line is open
struct SpeechStarted {};
struct SpeechStopped {
  Nanos voiced_until{0}, voiced{0};
};
struct Partial {
  std::string text{};
};
struct Final {
  std::string text{};
  double confidence = 1;
  bool rejected = false;
};
struct Key {
  char digit = '0';
};  // one the mind can use
struct Say {
  std::string text{};
};  // somebody else's words for the agent
struct Sentence {
  std::string text{};
  bool last = false;
};  // of the mind's answer
struct Waiting {
  bool waiting = false;
};               // the mind is at work; waiting: for a tool
struct Done {};  // the mind has no more to say to this turn
struct HangUp {
  std::string reason{};
};  // after what is being said
enum class Phase { started, progress, finished };
struct Spoken {
  std::uint64_t utterance = 0;
  Phase phase = Phase::progress;
  Nanos at{0};
  std::int64_t samples = 0;
};
struct Heard {
  std::uint64_t utterance = 0;
  std::string text{};
};  // what of a cut utterance was heard
struct Hold {
  bool held = false;
};               // the other side holds the line: waiting does not count
struct End {};   // nothing more will be heard
struct Stop {};  // the stream is gone
struct Tick {};  // a deadline may have passed
}  // namespace in
using Input = std::variant<in::Start, in::SpeechStarted, in::SpeechStopped, in::Partial, in::Final,
                           in::Key, in::Say, in::Sentence, in::Waiting, in::Done, in::HangUp,
                           in::Spoken, in::Heard, in::Hold, in::End, in::Stop, in::Tick>;

namespace out {
struct Begin {};  // the mind is to open the talk
struct Answer {
  std::uint64_t turn = 0;
  std::string text{};
  double confidence = 1;
  bool rejected = false;
  std::string before{};
};                   // before: the turn's words so far, when this goes on with them
struct Cancel {};    // the answer under way is not wanted any more
struct Stalled {};   // the mind has not answered in time
struct ToolLate {};  // nor has its tool
struct KeyPressed {
  char digit;
};
struct KeysEnd {};  // no key for a while
struct Speak {
  std::uint64_t utterance;
  std::string text;
  bool last;
};
// flush: what is queued behind is to be dropped. Tells agent.interrupted; answered by in::Heard.
struct Cut {
  std::uint64_t turn, utterance;
  std::string text, by;
  bool flush;
};
struct Duck {
  std::uint64_t utterance;
};
struct Unduck {
  std::uint64_t utterance;
};
struct EndSpeech {};  // stop waiting for the end of what is being heard
struct TurnStarted {
  std::uint64_t turn;
  std::string text;
};
struct TurnEnded {
  std::uint64_t turn;
};
struct Speaking {
  std::uint64_t turn, utterance;
  std::string text;
  std::int64_t response_ms;
};
struct Said {
  std::uint64_t turn, utterance;
  std::string text;
};
struct HangUp {
  std::string reason;
};                // the goodbye has been heard
struct Ended {};  // the stream may end
}  // namespace out
using Output = std::variant<out::Begin, out::Answer, out::Cancel, out::Stalled, out::ToolLate,
                            out::KeyPressed, out::KeysEnd, out::Speak, out::Cut, out::Duck,
                            out::Unduck, out::EndSpeech, out::TurnStarted, out::TurnEnded,
                            out::Speaking, out::Said, out::HangUp, out::Ended>;
using Outputs = std::vector<Output>;

enum class State { idle, listening, thinking, speaking, interrupted, holding, ended };

// "uh-huh", "okay": somebody listens and does not want the floor.
bool is_backchannel(const std::string& text, const std::vector<std::string>& words);
// What of `text` is left when `heard` has been heard, from the word that was cut.
std::string rest_of(const std::string& text, const std::string& heard);

class TurnMachine {
 public:
  using Complete =
      std::function<bool(const std::string& text)>;  // a whole answer to what was asked?

  TurnMachine(TurnNumbers numbers, Sentences sentences, std::vector<std::string> backchannels,
              Complete complete);

  Outputs on(const Input& input, Nanos now);
  std::optional<Nanos> deadline() const;  // when to come back with a Tick
  void set_question(std::string question) { question_ = std::move(question); }
  State state() const { return state_; }
  std::uint64_t turn() const { return turn_; }

 private:
  void take(const in::Start&);
  void take(const in::SpeechStarted&);
  void take(const in::SpeechStopped&);
  void take(const in::Partial&);
  void take(const in::Final&);
  void take(const in::Key&);
  void take(const in::Say&);
  void take(const in::Sentence&);
  void take(const in::Waiting&);
  void take(const in::Done&);
  void take(const in::HangUp&);
  void take(const in::Spoken&);
  void take(const in::Heard&);
  void take(const in::Hold&);
  void take(const in::End&);
  void take(const in::Stop&);
  void take(const in::Tick&);

  void listen();
  void settle();  // after something ended: speak, think, hold, listen or leave
  void end_turn(const std::string& text, double confidence, bool rejected);
  void begin_turn(const std::string& text);
  void close_turn();
  void speak(const std::string& text, bool last);
  void speak_own(const std::string& text);  // a stock sentence, an utterance of its own
  void goodbye(const std::string& text, const std::string& reason);
  void cut(const char* by, bool flush = true);
  void finish(bool heard);
  void unduck();
  void interrupt_by_speech();
  void listened(const in::Final&);
  void false_alarm();
  void idle();
  void leave(const std::string& reason);
  bool due(std::optional<Nanos>& when);
  template <class T>
  void put(T output) {
    out_.emplace_back(std::move(output));
  }
  Nanos ms(unsigned n) const { return Nanos(1ms) * n; }

  const TurnNumbers numbers_;
  const Sentences sentences_;
  const std::vector<std::string> backchannels_;
  const Complete complete_;
  std::string question_;

  Outputs out_;
  Nanos now_{0};
  State state_ = State::idle;

  // The caller.
  bool in_speech_ = false;
  bool final_due_ = false;
  Nanos speech_since_{0}, voiced_until_{-1}, voiced_{0};
  std::string joined_;  // finals of an answer that is not whole yet
  double joined_confidence_ = 1;
  std::string keys_;
  std::optional<std::pair<in::Final, Nanos>>
      late_;  // an answer heard while the question was still being said
  unsigned idles_ = 0;

  // The turn and the mind.
  std::uint64_t turn_ = 0;
  bool turn_open_ = false;
  std::string turn_text_;
  Nanos turn_voiced_until_{-1};
  bool answering_ = false;  // the mind owes words, or a Done
  bool tool_ = false;
  unsigned stalls_ = 0;

  // The utterance.
  std::uint64_t utterance_ = 0;
  bool open_ = false;     // its last sentence has not come
  bool talking_ = false;  // not yet Said or Cut
  bool own_ = false;      // a stock sentence: the mind's answer is another utterance
  bool started_ = false;
  bool ducked_ = false;
  std::string text_;
  std::uint64_t text_turn_ = 0;
  std::vector<in::Sentence> queued_;  // the mind's, while a stock sentence is being said
  std::uint64_t cut_utterance_ = 0;
  std::string cut_text_, rest_;
  std::string hang_up_;  // the reason; empty: the call goes on
  bool ending_ = false;  // End has come
  bool ended_told_ = false;

  std::optional<Nanos> held_since_{};
  std::optional<Nanos> idle_at_, join_at_, keys_at_, speech_at_, final_at_, think_at_, filler_at_,
      barge_at_, stall_at_, resume_at_, hang_up_at_, max_at_;
};

}  // namespace parley::turn
