#include "plugins/agent/flow.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "plugins/agent/slots.hpp"

namespace parley {
namespace {

constexpr unsigned steps_max = 100;  // without a question: the file leads in a circle
constexpr unsigned denials_max = 3;
constexpr unsigned digits_patience_ms = 1200, text_patience_ms = 900, letters_patience_ms = 1200;

const std::vector<std::string>& stock_again(const Ask& ask) {
  static const std::vector<std::string> any = {
      "Sorry, I didn't get that.", "I still didn't understand.", "Let's try once more."};
  static const std::vector<std::string> yes_no = {"Sorry, was that a yes or a no?",
                                                  "Please say yes or no."};
  return ask.type == SlotType::yes_no ? yes_no : any;
}

}  // namespace

flow::Actions Flow::start() {
  Actions out;
  if (!agent_.greeting.empty()) put(out, agent_.greeting);
  if (agent_.steps.empty())
    mode_ = Mode::idle;
  else
    enter(0, out);
  return out;
}

flow::Actions Flow::resume() {
  Actions out;
  for (std::size_t i = 0; i < agent_.steps.size(); ++i) {
    const auto& s = agent_.steps[i];
    if (s.kind != Step::Kind::ask || slots_.contains(s.ask.slot)) continue;
    enter(i, out);
    return out;
  }
  for (std::size_t i = 0; i < agent_.steps.size(); ++i)
    if (agent_.steps[i].kind == Step::Kind::end) {
      enter(i, out);
      return out;
    }
  return out;
}

void Flow::go(const std::string& id, Actions& out) {
  for (std::size_t i = 0; i < agent_.steps.size(); ++i)
    if (agent_.steps[i].id == id) return enter(i, out);
}

// Walks from step to step until one asks, waits or ends.
void Flow::enter(std::size_t at, Actions& out) {
  at_ = at;
  for (unsigned walked = 0; walked < steps_max && mode_ != Mode::ended; ++walked) {
    tries_ = denials_ = 0;
    candidate_.clear();
    keys_.clear();
    mode_ = Mode::idle;
    out.push_back(flow::AtStep{step().id});
    if (!enter_one(out)) return;
  }
  if (mode_ == Mode::ended) return;
  put(out, agent_.sentences.give_up);
  out.push_back(flow::HangUp{});
  mode_ = Mode::ended;
}

bool Flow::enter_one(Actions& out) {
  const auto& s = step();
  const auto follow = [&](const std::string& id) {
    if (id.empty())
      at_ = std::min(at_ + 1, agent_.steps.size() - 1);
    else
      at_ = std::size_t(agent_.find(id) - agent_.steps.data());
    return true;
  };
  switch (s.kind) {
    case Step::Kind::say:
      put(out, phrase(s));
      return follow(s.next);
    case Step::Kind::branch: {
      const auto value = slots_.find(s.slot);
      const auto to = value == slots_.end() ? s.when.end() : s.when.find(value->second);
      return follow(to == s.when.end() ? s.next : to->second);
    }
    case Step::Kind::ask:
      mode_ = Mode::asking;
      question_ = fill_in(phrase(s));
      put(out, question_);
      return false;
    case Step::Kind::tool: {
      mode_ = Mode::tool;
      tool_id_ = "flow-" + std::to_string(++tools_);
      if (!s.words.empty()) put(out, phrase(s));
      auto arguments = s.arguments;
      for (auto& [name, text] : arguments) {
        for (const auto& hole : holes_of(text))
          if (const auto v = slots_.find(hole); v != slots_.end())
            if (const auto p = text.find("{" + hole + "}"); p != std::string::npos)
              text.replace(p, hole.size() + 2, v->second);
      }
      out.push_back(flow::CallTool{tool_id_, s.tool, arguments});
      return false;
    }
    case Step::Kind::escalate:
      put(out, phrase(s));
      out.push_back(flow::Escalate{s.reason.empty() ? s.id : s.reason});
      break;
    case Step::Kind::end:
      put(out, phrase(s));
      break;
  }
  out.push_back(flow::HangUp{});
  mode_ = Mode::ended;
  return false;
}

void Flow::next(const std::string& id, Actions& out) {
  if (!id.empty()) return go(id, out);
  enter(std::min(at_ + 1, agent_.steps.size() - 1), out);
}

void Flow::fail(Actions& out) {
  if (!step().on_fail.empty()) return go(step().on_fail, out);
  put(out, agent_.sentences.give_up);
  out.push_back(flow::Escalate{"no answer at step " + step().id});
  out.push_back(flow::HangUp{});
  mode_ = Mode::ended;
}

void Flow::put(Actions& out, const std::string& text) {
  if (auto full = fill_in(text); !full.empty()) out.push_back(flow::Say{std::move(full)});
}

std::string Flow::phrase(const Step& s) {
  return s.words.empty() ? std::string() : s.words[visits_[s.id]++ % s.words.size()];
}

std::string Flow::spoken(const std::string& slot, const std::string& value) const {
  for (const auto& s : agent_.steps) {
    if (s.kind != Step::Kind::ask || s.ask.slot != slot) continue;
    if (s.ask.type == SlotType::digits) return speak_digits(value);
    if (s.ask.type == SlotType::letters) return speak_letters(value);
  }
  return value;
}

std::string Flow::fill_in(const std::string& text) const {
  auto full = text;
  for (const auto& name : holes_of(text)) {
    const auto hole = "{" + name + "}";
    const bool candidate =
        !candidate_.empty() && step().kind == Step::Kind::ask && ask().slot == name;
    const auto found = slots_.find(name);
    const auto value = candidate               ? candidate_
                       : found == slots_.end() ? std::string()
                                               : found->second;
    if (const auto at = full.find(hole); at != std::string::npos)
      full.replace(at, hole.size(), spoken(name, value));
  }
  return full;
}

std::string Flow::read_back() const {
  return fill_in(ask().read_back.empty() ? "I have {" + ask().slot + "}. Is that right?"
                                         : ask().read_back);
}

bool Flow::closed() const { return mode_ != Mode::asking || ask().type != SlotType::text; }

flow::Actions Flow::heard(const Utterance& u) {
  Actions out;
  if (mode_ == Mode::ended || mode_ == Mode::idle) return out;
  if (!u.rejected && command(u, out)) return out;
  if (mode_ != Mode::tool) answer(u, out);
  return out;
}

bool Flow::command(const Utterance& u, Actions& out) {
  const auto text = normal(u.text);
  const bool loose = closed();
  for (const auto& c : agent_.commands) {
    if (u.confidence < c.unheard_below) continue;
    for (const auto& p : c.phrases) {
      const auto phrase = normal(p);
      if (loose ? !contains_words(text, phrase) : text != phrase) continue;
      if (c.then != "repeat")
        go(c.then, out);
      else if (mode_ != Mode::tool)
        put(out, question_);
      return true;
    }
  }
  return false;
}

void Flow::answer(const Utterance& u, Actions& out) {
  if (u.rejected || normal(u.text).empty()) return ask_again(out);
  if (mode_ == Mode::confirming)
    answer_confirmation(u, out);
  else
    answer_value(u, out);
}

void Flow::answer_value(const Utterance& u, Actions& out) {
  if (u.confidence < ask().unheard_below) return ask_again(out);
  const bool sure = u.confidence >= ask().unsure_below;
  switch (ask().type) {
    case SlotType::yes_no:
      if (const auto yes = yes_or_no(u.text)) {
        const auto to = *yes ? ask().yes : ask().no;
        out.push_back(flow::Filled{ask().slot, slots_[ask().slot] = *yes ? "yes" : "no", true});
        return next(to.empty() ? step().next : to, out);
      }
      break;
    case SlotType::choice:
      if (const auto picked = pick(u.text, ask().choices))
        return take(picked->value, sure && picked->sure, out);
      break;
    case SlotType::digits:
      if (const auto digits = digits_in(u.text); right_length(digits))
        return take(digits, sure, out);
      break;
    case SlotType::letters:
      if (const auto letters = letters_in(u.text); !letters.empty())
        return take(letters, sure, out);
      break;
    case SlotType::text:
      if (has_content(u.text)) return take(u.text, true, out);
      break;
  }
  ask_again(out);
}

void Flow::answer_confirmation(const Utterance& u, Actions& out) {
  if (ask().type == SlotType::choice)
    if (const auto picked = pick(u.text, ask().choices);
        picked && picked->value != candidate_ && picked->sure) {
      candidate_ = picked->value;
      return put(out, question_ = read_back());
    }
  const auto yes = yes_or_no(u.text);
  if (!yes) return ask_again(out);
  if (*yes) return fill(candidate_, true, out);
  denied(out);
}

void Flow::take(const std::string& value, bool sure, Actions& out) {
  keys_.clear();
  if (ask().confirm == Confirm::never || (ask().confirm == Confirm::unsure && sure))
    return fill(value, false, out);
  candidate_ = value;
  mode_ = Mode::confirming;
  put(out, question_ = read_back());
}

void Flow::fill(const std::string& value, bool confirmed, Actions& out) {
  const auto slot = ask().slot;
  slots_[slot] = value;
  out.push_back(flow::Filled{slot, value, confirmed});
  next(step().next, out);
}

// "No" to what was read back: the question again, or its spelling.
void Flow::denied(Actions& out) {
  candidate_.clear();
  keys_.clear();
  if (++denials_ >= denials_max) return fail(out);
  const auto& a = ask();
  mode_ = a.spell.empty() ? Mode::asking : Mode::spelling;
  const auto words = !a.correct.empty() ? a.correct
                     : !a.spell.empty() ? a.spell
                                        : "Sorry. " + step().words.front();
  put(out, question_ = fill_in(words));
}

void Flow::ask_again(Actions& out) {
  if (++tries_ >= ask().retries) return fail(out);
  const auto& a = ask();
  if (mode_ == Mode::confirming)
    return put(out, (tries_ % 2 ? "Sorry, was that a yes or a no? " : "Please say yes or no. ") +
                        read_back());
  if (!a.spell.empty() && tries_ >= 2) {
    const bool again = std::exchange(mode_, Mode::spelling) == Mode::spelling;
    question_ = fill_in(a.spell);
    return put(out, (again ? "Sorry, I didn't get that. " : "") + question_);
  }
  if (!a.again.empty()) return put(out, a.again[(tries_ - 1) % a.again.size()]);
  const auto& stock = stock_again(a);
  put(out, stock[(tries_ - 1) % stock.size()] + " " + question_);
}

bool Flow::right_length(const std::string& digits) const {
  const auto& lengths = ask().lengths;
  return !digits.empty() &&
         (lengths.empty() || std::count(lengths.begin(), lengths.end(), digits.size()));
}

bool Flow::wants_key(char digit) const {
  const bool number = std::isdigit(static_cast<unsigned char>(digit));
  switch (mode_) {
    case Mode::asking:
    case Mode::spelling:
      if (ask().type == SlotType::yes_no) return digit == '1' || digit == '2';
      return ask().keypad && (number || ((digit == '#' || digit == '*') && !keys_.empty()));
    case Mode::confirming:
      return ask().type == SlotType::digits && ask().keypad ? number : digit == '1' || digit == '2';
    default:
      return false;
  }
}

flow::Actions Flow::key(char digit) {
  Actions out;
  if (!wants_key(digit)) return out;
  if (mode_ == Mode::confirming || ask().type == SlotType::yes_no) {
    if (digit == '1' || ask().type != SlotType::digits) {
      answer({digit == '1' ? "yes" : "no"}, out);
      return out;
    }
    mode_ = Mode::asking;  // the right number, keyed in at once
    candidate_.clear();
  }
  if (digit == '#') return keys_end();
  if (digit == '*') {
    keys_.clear();
    return out;
  }
  keys_ += digit;
  const auto& lengths = ask().lengths;
  if (!lengths.empty() && keys_.size() >= lengths.back()) return keys_end();
  return out;
}

flow::Actions Flow::keys_end() {
  Actions out;
  const auto digits = std::exchange(keys_, {});
  if (digits.empty() || (mode_ != Mode::asking && mode_ != Mode::spelling)) return out;
  if (right_length(digits))
    take(digits, true, out);
  else
    ask_again(out);
  return out;
}

flow::Actions Flow::tool_result(const std::string& id, bool ok, const std::string& value) {
  Actions out;
  if (mode_ != Mode::tool || id != tool_id_) return out;
  if (!ok && !step().on_fail.empty()) {
    go(step().on_fail, out);
    return out;
  }
  if (!step().slot.empty()) {
    slots_[step().slot] = value;
    out.push_back(flow::Filled{step().slot, value, false});
  }
  next(step().next, out);
  return out;
}

Expect Flow::expect() const {
  Expect e;
  if (mode_ != Mode::asking && mode_ != Mode::confirming && mode_ != Mode::spelling) return e;
  const auto& a = ask();
  const auto asking = mode_ == Mode::confirming ? Asking::confirmation
                      : mode_ == Mode::spelling ? Asking::spelling
                                                : Asking::value;
  const auto type = mode_ == Mode::confirming ? SlotType::yes_no : a.type;
  e.kinds.emplace_back(slot_type_name(type));
  if (mode_ == Mode::spelling) e.kinds.emplace_back("letters");
  if (closed() && !agent_.commands.empty()) e.kinds.emplace_back("command");
  e.grammar = grammar_of(a, asking, agent_.commands);
  if (type == SlotType::choice) e.phrases = a.choices;
  if (type == SlotType::text) e.phrases = a.examples;
  e.patience_ms = a.patience_ms && mode_ != Mode::confirming             ? a.patience_ms
                  : type == SlotType::digits                             ? digits_patience_ms
                  : mode_ == Mode::spelling || type == SlotType::letters ? letters_patience_ms
                  : type == SlotType::text                               ? text_patience_ms
                                                                         : agent_.turn.patience_ms;
  return e;
}

std::string Flow::question() const {
  return mode_ == Mode::asking || mode_ == Mode::confirming || mode_ == Mode::spelling
             ? question_
             : std::string();
}

bool Flow::complete(const std::string& text) const {
  if (mode_ == Mode::confirming) return true;
  if (mode_ != Mode::asking && mode_ != Mode::spelling) return true;
  if (is_hesitation(text)) return false;
  switch (ask().type) {
    case SlotType::digits: {
      const auto digits = digits_in(text);
      return digits.empty() || (!ask().lengths.empty() && digits.size() >= ask().lengths.back());
    }
    case SlotType::letters:
      return letters_in(text).empty();
    case SlotType::choice:
      return mode_ != Mode::spelling || pick(text, ask().choices).has_value() ||
             letters_in(text).empty();
    default:
      return true;
  }
}

}  // namespace parley
