#include "plugins/testkit/script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace parley::caller {
namespace {

constexpr std::size_t max_steps = 2000;
constexpr std::size_t max_text_bytes = 1000;
constexpr Nanos longest = 10 * 60s;

std::string_view trim(std::string_view s) {
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.front()))) s.remove_prefix(1);
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.back()))) s.remove_suffix(1);
  return s;
}

// Takes the first word off `rest`.
std::string_view take_word(std::string_view& rest) {
  rest = trim(rest);
  std::size_t end = 0;
  while (end < rest.size() && !std::isspace(static_cast<unsigned char>(rest[end]))) ++end;
  const auto word = rest.substr(0, end);
  rest = trim(rest.substr(end));
  return word;
}

bool take(std::string_view& rest, std::string_view prefix) {
  auto copy = rest;
  for (auto wanted = prefix; !wanted.empty();) {
    if (take_word(copy) != take_word(wanted)) return false;
  }
  rest = copy;
  return true;
}

std::optional<double> take_number(std::string_view& rest) {
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc{}) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return value;
}

// "700", "700 ms", "700ms", "1.5 s": milliseconds unless it says seconds.
std::optional<Nanos> take_time(std::string_view& rest) {
  auto copy = trim(rest);
  const auto number = take_number(copy);
  if (!number || *number < 0) return std::nullopt;
  const auto unit_end = [](std::string_view s) {
    return s.empty() || std::isspace(static_cast<unsigned char>(s[0]));
  };
  const auto unit = trim(copy);
  double ms = *number;
  if (unit.starts_with("ms") && unit_end(unit.substr(2))) {
    copy = unit.substr(2);
  } else if (unit.starts_with("s") && unit_end(unit.substr(1))) {
    copy = unit.substr(1);
    ms *= 1000;
  } else if (!unit_end(copy)) {
    return std::nullopt;
  }
  if (ms > double(to_ms(longest))) return std::nullopt;
  rest = trim(copy);
  return Nanos(static_cast<std::int64_t>(ms * 1e6));
}

struct Failure {
  std::string what;
};

class Parser {
 public:
  Result<Script> run(std::string_view text) {
    for (std::size_t from = 0; from <= text.size();) {
      const auto end = std::min(text.find('\n', from), text.size());
      ++line_;
      try {
        parse_line(trim(text.substr(from, end - from)));
      } catch (const Failure& failure) {
        errors_ += fmt::format("{}line {}: {}", errors_.empty() ? "" : "; ", line_, failure.what);
      }
      from = end + 1;
    }
    if (!errors_.empty()) return Error{errors_};
    if (script_.steps.empty()) return Error{"the script has no step"};
    return std::move(script_);
  }

 private:
  using Rest = std::string_view&;
  using Handler = void (Parser::*)(Rest);
  struct Verb {
    std::string_view name;
    Handler handler;
  };
  static const std::array<Verb, 11> verbs;

  void parse_line(std::string_view line) {
    if (line.empty() || line.front() == '#') return;
    const auto verb = take_word(line);
    const auto found =
        std::find_if(verbs.begin(), verbs.end(), [&](const Verb& v) { return v.name == verb; });
    if (found == verbs.end()) {
      throw Failure{
          fmt::format("unknown step '{}' (say, interrupt, play, press, pause, wait, expect, "
                      "hangup, voice, noise, gap)",
                      verb)};
    }
    (this->*found->handler)(line);
  }

  Step& add(Do what) {
    if (script_.steps.size() == max_steps)
      throw Failure{fmt::format("more than {} steps", max_steps)};
    script_.steps.push_back(Step{.what = what, .line = line_, .voice = voice_, .gap = gap_});
    return script_.steps.back();
  }

  static Nanos time(Rest rest, std::string_view example) {
    const auto time = take_time(rest);
    if (!time)
      throw Failure{fmt::format("a time of at most 10 minutes is missing, as in '{}'", example)};
    return *time;
  }

  static void nothing_more(std::string_view rest) {
    if (!rest.empty()) throw Failure{fmt::format("'{}' is too much here", rest)};
  }

  // [voice=slt] ahead of a text.
  void text_of(Step& step, Rest rest) {
    if (rest.starts_with('[')) {
      const auto close = rest.find(']');
      auto option = rest.substr(1, close == rest.npos ? 0 : close - 1);
      if (close == rest.npos || !option.starts_with("voice=") || option.size() == 6) {
        throw Failure{
            "in brackets before a text only voice=NAME can stand, as in 'say [voice=slt] hello'"};
      }
      step.voice = trim(option.substr(6));
      rest = trim(rest.substr(close + 1));
    }
    if (rest.empty()) throw Failure{"the text is missing"};
    if (rest.size() > max_text_bytes)
      throw Failure{fmt::format("the text is longer than {} bytes", max_text_bytes)};
    step.text = rest;
  }

  void say(Rest rest) {
    Step step{.voice = voice_};
    text_of(step, rest);
    auto& added = add(Do::say);
    added.text = step.text;
    added.voice = step.voice;
  }

  void interrupt(Rest rest) {
    Step step{.voice = voice_};
    if (!take(rest, "after")) throw Failure{"write 'interrupt after 700 ms TEXT'"};
    step.time = time(rest, "interrupt after 700 ms TEXT");
    text_of(step, rest);
    auto& added = add(Do::interrupt);
    added.text = step.text;
    added.voice = step.voice;
    added.time = step.time;
    interrupted_ = true;
  }

  void play(Rest rest) {
    if (rest.empty()) throw Failure{"the WAV file is missing"};
    add(Do::play).text = rest;
  }

  void press(Rest rest) {
    std::string keys;
    for (const char c : rest) {
      if (c == ' ' || c == '-') continue;
      if (std::string_view("0123456789*#ABCD").find(c) == std::string_view::npos) {
        throw Failure{fmt::format("'{}' is no key (0-9 * # A-D)", c)};
      }
      keys += c;
    }
    if (keys.empty() || keys.size() > 64)
      throw Failure{"1 to 64 keys are needed, as in 'press 5550142#'"};
    add(Do::press).text = keys;
  }

  void pause(Rest rest) {
    const auto length = time(rest, "pause 500 ms");
    nothing_more(rest);
    add(Do::pause).time = length;
  }

  void wait(Rest rest) {
    Step step;
    if (take(rest, "agent to speak")) {
      step.what = Do::wait_speak;
    } else if (take(rest, "agent to finish")) {
      step.what = Do::wait_finish;
    } else if (take(rest, "hangup")) {
      step.what = Do::wait_hangup;
    } else if (take(rest, "silence")) {
      step.what = Do::wait_silence;
      step.time = time(rest, "wait silence 800 ms");
    } else {
      throw Failure{"wait for 'agent to speak', 'agent to finish', 'silence 800 ms' or 'hangup'"};
    }
    if (take(rest, "within")) step.timeout = time(rest, "wait agent to finish within 30 s");
    nothing_more(rest);
    auto& added = add(step.what);
    added.time = step.time;
    added.timeout = step.timeout;
  }

  void expect(Rest rest) {
    if (take(rest, "agent to stop within")) {
      if (!interrupted_) throw Failure{"nothing has been interrupted before this line"};
      const auto limit = time(rest, "expect agent to stop within 600 ms");
      nothing_more(rest);
      add(Do::expect_stop).time = limit;
    } else if (take(rest, "answer within")) {
      const auto limit = time(rest, "expect answer within 1500 ms");
      nothing_more(rest);
      add(Do::expect_answer).time = limit;
    } else if (take(rest, "agent to have spoken")) {
      const auto count = take_number(rest);
      rest = trim(rest);
      if (!count || *count < 1 || *count > 10'000 || !take(rest, "times")) {
        throw Failure{"write 'expect agent to have spoken 3 times'"};
      }
      nothing_more(rest);
      add(Do::expect_spoken).count = static_cast<int>(*count);
    } else {
      throw Failure{
          "expect 'agent to stop within 600 ms', 'answer within 1500 ms' or 'agent to have spoken "
          "3 times'"};
    }
  }

  void hangup(Rest rest) {
    nothing_more(rest);
    add(Do::hangup);
  }

  void voice(Rest rest) {
    voice_ = take_word(rest);
    if (voice_.empty()) throw Failure{"the voice's name is missing, as in 'voice slt'"};
    nothing_more(rest);
  }

  void noise(Rest rest) {
    script_.noise_db = take_number(rest);
    rest = trim(rest);
    (void)take(rest, "dB");
    nothing_more(rest);
    if (!script_.noise_db || *script_.noise_db < 0 || *script_.noise_db > 80) {
      script_.noise_db.reset();
      throw Failure{"write how far the noise is below the voice, 0 to 80, as in 'noise 20 dB'"};
    }
  }

  void gap(Rest rest) {
    gap_ = time(rest, "gap 700 ms");
    nothing_more(rest);
  }

  Script script_;
  std::string errors_, voice_;
  Nanos gap_ = Step{}.gap;
  int line_ = 0;
  bool interrupted_ = false;
};

const std::array<Parser::Verb, 11> Parser::verbs{{{"say", &Parser::say},
                                                  {"interrupt", &Parser::interrupt},
                                                  {"play", &Parser::play},
                                                  {"press", &Parser::press},
                                                  {"pause", &Parser::pause},
                                                  {"wait", &Parser::wait},
                                                  {"expect", &Parser::expect},
                                                  {"hangup", &Parser::hangup},
                                                  {"voice", &Parser::voice},
                                                  {"noise", &Parser::noise},
                                                  {"gap", &Parser::gap}}};

}  // namespace

Result<Script> parse_script(std::string_view text) { return Parser().run(text); }

std::string_view name_of(Do what) {
  constexpr std::array<std::string_view, 13> names{"say",
                                                   "interrupt",
                                                   "play",
                                                   "press",
                                                   "pause",
                                                   "wait agent to speak",
                                                   "wait agent to finish",
                                                   "wait silence",
                                                   "wait hangup",
                                                   "expect agent to stop",
                                                   "expect answer",
                                                   "expect agent to have spoken",
                                                   "hangup"};
  return names[static_cast<std::size_t>(what)];
}

}  // namespace parley::caller
