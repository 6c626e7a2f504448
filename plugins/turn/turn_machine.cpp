#include "plugins/turn/turn_machine.hpp"

#include <algorithm>

#include "plugins/agent/slots.hpp"

namespace parley::turn {
namespace {

constexpr Nanos longest_speech = 30s;  // then recognition is told to stop waiting
constexpr Nanos final_within = 5s;     // of the end of speech
constexpr Nanos early_words = 250ms;   // of speech before its words may interrupt
constexpr Nanos late_answer = 1500ms;  // before the question's end
constexpr Nanos carrier_tail = 200ms;  // between the goodbye and the hang-up
constexpr Nanos goodbye_within = 30s;
constexpr std::size_t short_rest = 3;         // words that make no sense alone
constexpr unsigned backchannel_patience = 3;  // times barge_in_ms

const std::vector<std::string> usual_backchannels = {
    "uh huh", "uh",   "um",    "mm",   "mm hmm", "mhm",    "hm",  "hmm", "yeah",  "yes", "yep",
    "ok",     "okay", "right", "sure", "i see",  "got it", "aha", "oh",  "great", "good"};

}  // namespace

bool is_backchannel(const std::string& text, const std::vector<std::string>& own) {
  const auto& known = own.empty() ? usual_backchannels : own;
  const auto words = words_of(text);
  for (std::size_t i = 0; i < words.size();) {
    std::size_t used = 0;
    for (const auto& k : known) {
      const auto parts = words_of(k);
      if (parts.size() > used && i + parts.size() <= words.size() &&
          std::equal(parts.begin(), parts.end(), words.begin() + std::ptrdiff_t(i)))
        used = parts.size();
    }
    if (!used) return false;
    i += used;
  }
  return !words.empty();
}

std::string rest_of(const std::string& text, const std::string& heard) {
  auto left = words_of(heard).size();
  std::size_t at = 0;
  for (; left && at < text.size(); --left) {
    at = std::min(text.find_first_not_of(" \n\t", at), text.size());
    at = std::min(text.find_first_of(" \n\t", at), text.size());
  }
  at = std::min(text.find_first_not_of(" \n\t", at), text.size());
  return text.substr(at);
}

TurnMachine::TurnMachine(TurnNumbers numbers, Sentences sentences,
                         std::vector<std::string> backchannels, Complete complete)
    : numbers_(numbers),
      sentences_(std::move(sentences)),
      backchannels_(std::move(backchannels)),
      complete_(std::move(complete)) {}

Outputs TurnMachine::on(const Input& input, Nanos now) {
  now_ = now;
  out_.clear();
  std::visit(
      [this](const auto& i) {
        using In = std::decay_t<decltype(i)>;
        const bool gone =
            state_ == State::ended && !std::is_same_v<In, in::End> && !std::is_same_v<In, in::Stop>;
        if (!gone) take(i);
      },
      input);
  return std::move(out_);
}

std::optional<Nanos> TurnMachine::deadline() const {
  if (held_since_) return max_at_;
  std::optional<Nanos> next;
  for (const auto& when : {idle_at_, join_at_, keys_at_, speech_at_, final_at_, think_at_,
                           filler_at_, barge_at_, stall_at_, resume_at_, hang_up_at_, max_at_})
    if (when && (!next || *when < *next)) next = when;
  return next;
}

bool TurnMachine::due(std::optional<Nanos>& when) {
  if (!when || *when > now_) return false;
  when.reset();
  return true;
}

// --- the line ---------------------------------------------------------------------------------

void TurnMachine::take(const in::Start&) {
  if (state_ != State::idle) return;
  max_at_ = now_ + Nanos(1s) * numbers_.max_duration_s;
  answering_ = true;
  put(out::Begin{});
  settle();
}

void TurnMachine::take(const in::End&) {
  ending_ = true;
  in_speech_ = final_due_ = false;
  speech_at_ = final_at_ = barge_at_ = std::nullopt;
  unduck();
  if (state_ == State::interrupted) false_alarm();
  if (keys_at_) {
    keys_at_.reset();
    put(out::KeysEnd{});
  }
  if (!joined_.empty()) join_at_ = now_;
  if (state_ == State::idle || state_ == State::ended || state_ == State::listening)
    idle_at_ = now_;
  if (state_ != State::ended || std::exchange(ended_told_, true)) return;
  idle_at_.reset();
  put(out::Ended{});
}

void TurnMachine::take(const in::Stop&) {
  if (talking_) cut("end", false);
  close_turn();
  state_ = State::ended;
  idle_at_ = join_at_ = keys_at_ = speech_at_ = final_at_ = think_at_ = filler_at_ = barge_at_ =
      stall_at_ = resume_at_ = hang_up_at_ = max_at_ = std::nullopt;
}

// --- the caller -------------------------------------------------------------------------------

void TurnMachine::take(const in::SpeechStarted&) {
  if (ending_) return;
  in_speech_ = true;
  final_due_ = false;
  final_at_.reset();
  speech_since_ = now_;
  speech_at_ = now_ + longest_speech;
  join_at_.reset();
  if (state_ == State::interrupted) resume_at_ = now_ + longest_speech + final_within;
  if (state_ != State::speaking || !hang_up_.empty()) return;
  if (started_) ducked_ = true, put(out::Duck{utterance_});
  barge_at_ = now_ + ms(numbers_.barge_in_ms);
}

void TurnMachine::take(const in::SpeechStopped& stopped) {
  if (!in_speech_) return;
  in_speech_ = false;
  speech_at_.reset();
  barge_at_.reset();
  voiced_until_ = stopped.voiced_until;
  voiced_ = stopped.voiced;
  final_due_ = true;
  final_at_ = now_ + final_within;
  if (state_ == State::interrupted) resume_at_ = now_ + final_within;
  unduck();
}

void TurnMachine::take(const in::Partial& partial) {
  if (normal(partial.text).empty()) return;
  if (state_ == State::listening) idle_at_ = now_ + Nanos(1s) * numbers_.idle_s;
  if (state_ != State::speaking || !in_speech_ || !hang_up_.empty()) return;
  if (is_backchannel(partial.text, backchannels_))
    barge_at_ = speech_since_ + backchannel_patience * ms(numbers_.barge_in_ms);
  else if (now_ - speech_since_ >= early_words)
    interrupt_by_speech();
}

void TurnMachine::take(const in::Final& f) {
  final_due_ = false;
  final_at_.reset();
  const bool empty = f.rejected || normal(f.text).empty();
  switch (state_) {
    case State::listening:
      return listened(f);
    case State::interrupted:
      if (empty) return in_speech_ ? void() : false_alarm();
      state_ = State::listening;
      resume_at_.reset();
      return listened(f);
    case State::speaking:
      if (empty || !hang_up_.empty()) return;
      if (is_backchannel(f.text, backchannels_)) return void(late_ = std::pair{f, now_});
      interrupt_by_speech();
      state_ = State::listening;
      resume_at_.reset();
      return listened(f);
    case State::thinking:
    case State::holding:
      if (empty) return;
      put(out::Answer{turn_, f.text, f.confidence, false, turn_text_});
      turn_text_ += " " + f.text;
      turn_voiced_until_ = voiced_until_;
      think_at_ = now_ + Nanos(1s) * (tool_ ? numbers_.tool_s : numbers_.think_s);
      return;
    default:
      return;
  }
}

// A final text while the floor is the caller's.
void TurnMachine::listened(const in::Final& f) {
  const bool empty = f.rejected || normal(f.text).empty();
  const auto wait_for_more = [&] {
    if (!in_speech_) join_at_ = now_ + ms(numbers_.join_ms);
    if (!idle_at_ || *idle_at_ < now_ + ms(numbers_.join_ms))
      idle_at_ = now_ + Nanos(1s) * numbers_.idle_s;
  };
  if (empty && !joined_.empty()) return wait_for_more();
  if (empty && voiced_ < ms(numbers_.min_speech_ms))
    return;  // a noise; the idle prompt still comes
  if (empty) return end_turn(f.text, f.confidence, true);
  joined_confidence_ = joined_.empty() ? f.confidence : std::min(joined_confidence_, f.confidence);
  joined_ += (joined_.empty() ? "" : " ") + f.text;
  if (!complete_(joined_) || in_speech_) return wait_for_more();
  end_turn(std::exchange(joined_, {}), joined_confidence_, false);
}

void TurnMachine::take(const in::Key& key) {
  if (!hang_up_.empty() || ending_) return;
  if (state_ == State::speaking) {
    if (answering_) put(out::Cancel{});
    answering_ = false;
    cut("dtmf");
    close_turn();
    listen();
  }
  if (state_ == State::interrupted) listen();
  joined_.clear();
  join_at_.reset();
  idles_ = 0;
  keys_ += key.digit;
  keys_at_ = now_ + ms(numbers_.keypad_pause_ms);
  if (state_ == State::listening)
    idle_at_ = now_ + Nanos(1s) * numbers_.idle_s + ms(numbers_.keypad_pause_ms);
  put(out::KeyPressed{key.digit});
}

// --- the floor --------------------------------------------------------------------------------

void TurnMachine::interrupt_by_speech() {
  if (answering_) put(out::Cancel{});
  answering_ = false;
  const auto whole = text_;
  cut("speech");
  close_turn();
  cut_text_ = whole;
  rest_.clear();
  state_ = State::interrupted;
  resume_at_ = now_ + (in_speech_ ? longest_speech : Nanos(0)) + final_within;
}

// It was cut, but nobody said anything: the rest of what it was saying.
void TurnMachine::false_alarm() {
  resume_at_.reset();
  auto rest = std::exchange(rest_, {});
  if (words_of(rest).size() < short_rest && !question_.empty()) rest = question_;
  if (rest.empty()) return listen();
  speak_own(rest);
}

void TurnMachine::end_turn(const std::string& text, double confidence, bool rejected) {
  begin_turn(text);
  turn_voiced_until_ = voiced_until_;
  put(out::Answer{turn_, text, confidence, rejected, {}});
}

void TurnMachine::begin_turn(const std::string& text) {
  close_turn();
  joined_.clear();
  keys_.clear();
  join_at_ = keys_at_ = idle_at_ = std::nullopt;
  late_.reset();
  idles_ = 0;
  answering_ = true;
  tool_ = false;
  turn_open_ = true;
  turn_text_ = text;
  turn_voiced_until_ = Nanos(-1);
  ++turn_;
  put(out::TurnStarted{turn_, text});
  state_ = State::thinking;
  think_at_ = now_ + Nanos(1s) * numbers_.think_s;
  filler_at_ = now_ + ms(numbers_.filler_ms);
}

void TurnMachine::close_turn() {
  think_at_ = filler_at_ = std::nullopt;
  tool_ = false;
  if (std::exchange(turn_open_, false)) put(out::TurnEnded{turn_});
}

void TurnMachine::listen() {
  state_ = State::listening;
  idle_at_ = now_ + (ending_ ? Nanos(0) : Nanos(1s) * numbers_.idle_s);
  if (!late_ || ending_) return;
  const auto late = *std::exchange(late_, std::nullopt);
  if (now_ - late.second <= late_answer) listened(late.first);
}

void TurnMachine::settle() {
  if (talking_) return;
  if (!queued_.empty()) {
    for (const auto& s : std::exchange(queued_, {})) speak(s.text, s.last);
    if (talking_) return;
  }
  if (!hang_up_.empty() && !answering_) {
    close_turn();
    state_ = State::speaking;
    if (!hang_up_at_ || *hang_up_at_ > now_ + carrier_tail) hang_up_at_ = now_ + carrier_tail;
    return;
  }
  if (answering_) {
    state_ = tool_ ? State::holding : State::thinking;
    think_at_ = now_ + Nanos(1s) * (tool_ ? numbers_.tool_s : numbers_.think_s);
    return;
  }
  close_turn();
  listen();
}

// --- the mind ---------------------------------------------------------------------------------

void TurnMachine::take(const in::Sentence& s) {
  if (!answering_ && s.text.empty()) return;
  if (talking_ && own_) return queued_.push_back(s);
  // Keys, or a tool that comes back late, make the mind speak: a turn of its own.
  if (!answering_) begin_turn(std::string(keys_));
  resume_at_.reset();
  speak(s.text, s.last);
}

void TurnMachine::take(const in::Waiting& w) {
  if (!answering_) {
    if (!w.waiting && keys_.empty()) return;
    if (!talking_) begin_turn(std::string(keys_));
    answering_ = true;
  }
  tool_ = w.waiting;
  if (talking_) return;
  state_ = tool_ ? State::holding : State::thinking;
  think_at_ = now_ + Nanos(1s) * (tool_ ? numbers_.tool_s : numbers_.think_s);
  if (!filler_at_) filler_at_ = now_ + ms(numbers_.filler_ms);
}

void TurnMachine::take(const in::Done&) {
  if (!answering_) return;
  answering_ = tool_ = false;
  stalls_ = 0;
  think_at_ = filler_at_ = std::nullopt;
  if (!talking_ && state_ != State::listening) settle();
}

void TurnMachine::take(const in::HangUp& h) {
  if (!hang_up_.empty()) return;
  hang_up_ = h.reason;
  hang_up_at_ = now_ + goodbye_within;
  unduck();
  barge_at_ = idle_at_ = std::nullopt;
  if (!talking_ && !answering_) settle();
}

void TurnMachine::take(const in::Say& say) {
  if (!hang_up_.empty() || ending_ || state_ == State::idle) return;
  if (answering_) put(out::Cancel{});
  answering_ = false;
  queued_.clear();
  if (talking_) cut("command");
  close_turn();
  resume_at_.reset();
  speak_own(say.text);
}

// --- the voice --------------------------------------------------------------------------------

void TurnMachine::speak(const std::string& text, bool last) {
  if (!talking_ && text.empty()) return;
  if (!talking_) {
    talking_ = open_ = true;
    own_ = started_ = ducked_ = false;
    text_.clear();
    text_turn_ = turn_open_ ? turn_ : 0;
    ++utterance_;
    idle_at_ = filler_at_ = think_at_ = join_at_ = std::nullopt;
    if (in_speech_ && hang_up_.empty()) barge_at_ = now_ + ms(numbers_.barge_in_ms);
  }
  state_ = State::speaking;
  stall_at_ = now_ + Nanos(1s) * numbers_.speak_stall_s;
  if (!text.empty()) text_ += (text_.empty() ? "" : " ") + text;
  open_ = !last;
  put(out::Speak{utterance_, text, last});
}

void TurnMachine::speak_own(const std::string& text) {
  if (text.empty()) return settle();
  speak(text, true);
  own_ = true;
}

void TurnMachine::goodbye(const std::string& text, const std::string& reason) {
  if (answering_) put(out::Cancel{});
  answering_ = false;
  queued_.clear();
  joined_.clear();
  if (talking_) cut("command");
  close_turn();
  resume_at_ = keys_at_ = idle_at_ = join_at_ = std::nullopt;
  hang_up_ = reason;
  hang_up_at_ = now_ + goodbye_within;
  speak_own(text);
}

void TurnMachine::take(const in::Spoken& s) {
  if (!talking_ || s.utterance != utterance_) return;
  stall_at_ = now_ + Nanos(1s) * numbers_.speak_stall_s;
  if (!started_ && s.samples > 0 && s.phase != in::Phase::finished) {
    started_ = true;
    const bool answers = turn_voiced_until_ >= Nanos(0) && text_turn_ != 0;
    put(out::Speaking{text_turn_, utterance_, text_,
                      answers ? std::max<std::int64_t>(0, to_ms(s.at - turn_voiced_until_)) : -1});
    turn_voiced_until_ = Nanos(-1);
    if (in_speech_ && hang_up_.empty() && !ducked_) ducked_ = true, put(out::Duck{utterance_});
  }
  if (s.phase == in::Phase::finished) finish(s.samples > 0 || started_);
}

void TurnMachine::finish(bool heard) {
  unduck();
  barge_at_ = stall_at_ = std::nullopt;
  talking_ = false;
  if (heard)
    put(out::Said{text_turn_, utterance_, text_});
  else
    put(out::Cut{text_turn_, utterance_, text_, "failure", false});
  settle();
}

void TurnMachine::cut(const char* by, bool flush) {
  if (!talking_) return;
  unduck();
  talking_ = open_ = false;
  queued_.clear();
  barge_at_ = stall_at_ = std::nullopt;
  cut_utterance_ = utterance_;
  cut_text_ = text_;
  put(out::Cut{text_turn_, utterance_, text_, by, flush});
}

void TurnMachine::take(const in::Heard& heard) {
  if (heard.utterance == cut_utterance_ && state_ == State::interrupted)
    rest_ = rest_of(cut_text_, heard.text);
}

void TurnMachine::unduck() {
  if (std::exchange(ducked_, false)) put(out::Unduck{utterance_});
}

// --- deadlines --------------------------------------------------------------------------------

void TurnMachine::idle() {
  if (ending_) {
    if (!std::exchange(ended_told_, true)) put(out::Ended{});
    return;
  }
  if (in_speech_ || final_due_ || !joined_.empty())
    return void(idle_at_ = now_ + Nanos(1s) * numbers_.idle_s);
  if (idles_ >= sentences_.idle.size()) return goodbye(sentences_.silence, "silence");
  auto words = sentences_.idle[idles_++];
  if (idles_ > 1 && !question_.empty()) words += " " + question_;
  speak_own(words);
}

void TurnMachine::leave(const std::string& reason) {
  if (talking_) cut("end");
  close_turn();
  state_ = State::ended;
  idle_at_ = join_at_ = keys_at_ = speech_at_ = final_at_ = think_at_ = filler_at_ = barge_at_ =
      stall_at_ = resume_at_ = max_at_ = std::nullopt;
  put(out::HangUp{reason});
  if (ending_ && !std::exchange(ended_told_, true)) put(out::Ended{});
}

// Nobody listens: what is waited for is put off by as long as that lasts. The longest time a call
// may take goes on.
void TurnMachine::take(const in::Hold& hold) {
  if (hold.held) {
    if (!held_since_) held_since_ = now_;
    return;
  }
  if (!held_since_) return;
  const Nanos lasted = now_ - *std::exchange(held_since_, std::nullopt);
  for (auto* when : {&idle_at_, &join_at_, &keys_at_, &speech_at_, &final_at_, &think_at_,
                     &filler_at_, &barge_at_, &stall_at_, &resume_at_, &hang_up_at_})
    if (*when) **when += lasted;
  if (turn_voiced_until_ >= Nanos(0)) turn_voiced_until_ += lasted;  // no part of the response time
}

void TurnMachine::take(const in::Tick&) {
  if (held_since_) return due(max_at_) ? leave("max_duration") : void();
  if (due(hang_up_at_)) return leave(hang_up_);
  if (due(max_at_) && hang_up_.empty()) return goodbye(sentences_.too_long, "max_duration");
  if (due(speech_at_)) {  // a noise that does not end
    in_speech_ = false;
    final_due_ = true;
    final_at_ = now_ + final_within;
    put(out::EndSpeech{});
  }
  if (due(barge_at_) && state_ == State::speaking && in_speech_) return interrupt_by_speech();
  if (due(stall_at_) && talking_) {
    cut("failure");
    return settle();
  }
  if (due(final_at_)) {  // recognition owes an answer: as if it had understood nothing
    voiced_ = ms(numbers_.min_speech_ms);
    return take(in::Final{.text = {}, .confidence = 0, .rejected = true});
  }
  if (due(resume_at_) && state_ == State::interrupted) return false_alarm();
  if (due(join_at_) && !joined_.empty()) {
    if (!ending_ && is_hesitation(joined_)) return joined_.clear();
    return end_turn(std::exchange(joined_, {}), joined_confidence_, false);
  }
  if (due(keys_at_)) return put(out::KeysEnd{});
  if (due(filler_at_) && answering_ && !talking_ && !ending_) return speak_own(sentences_.moment);
  if (due(think_at_) && answering_) {
    if (++stalls_ > 2) return goodbye(sentences_.give_up, "agent_hangup");
    think_at_ = now_ + Nanos(1s) * numbers_.think_s;
    if (std::exchange(tool_, false)) return put(out::ToolLate{});
    return put(out::Stalled{});
  }
  if (due(idle_at_)) idle();
}

}  // namespace parley::turn
