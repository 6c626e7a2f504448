#include "plugins/agent/agent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "plugins/agent/reader.hpp"
#include "plugins/agent/slots.hpp"

namespace parley {
namespace {

constexpr std::array slot_types = {
    std::pair{"yes_no", SlotType::yes_no}, std::pair{"choice", SlotType::choice},
    std::pair{"digits", SlotType::digits}, std::pair{"letters", SlotType::letters},
    std::pair{"text", SlotType::text}};
constexpr std::array confirms = {std::pair{"never", Confirm::never},
                                 std::pair{"unsure", Confirm::unsure},
                                 std::pair{"always", Confirm::always}};
constexpr std::array kinds = {
    std::pair{"say", Step::Kind::say},       std::pair{"play", Step::Kind::say},
    std::pair{"ask", Step::Kind::ask},       std::pair{"tool", Step::Kind::tool},
    std::pair{"branch", Step::Kind::branch}, std::pair{"escalate", Step::Kind::escalate},
    std::pair{"end", Step::Kind::end}};
constexpr std::size_t longest_clip_text = 250;
constexpr std::array llm_tools = {"end_call", "escalate"};

template <class Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const auto& [name, value] : table) names.emplace_back(name);
  return names;
}

// A text that must be one of a table's names.
template <class Table, class Value>
void one_of(Reader& r, const char* key, const Table& table, Value& out) {
  std::string text;
  r.text(key, text);
  if (text.empty()) return;
  for (const auto& [name, value] : table)
    if (text == name) return void(out = value);
  const auto names = names_of(table);
  const auto meant = nearest(text, names);
  r.complain(key, fmt::format("'{}' is no '{}'; {}", text, key,
                              meant.empty() ? "it is one of " + join(names, ", ")
                                            : "did you mean '" + meant + "'?"));
}

void read_turn(Complaints& complaints, const toml::table& table, TurnNumbers& t) {
  Reader r(complaints, table, "[turn]");
  r.number("patience_ms", t.patience_ms, 100, 5000);
  r.number("join_ms", t.join_ms, 0, 10000);
  r.number("keypad_pause_ms", t.keypad_pause_ms, 500, 20000);
  r.number("barge_in_ms", t.barge_in_ms, 100, 5000);
  r.number("min_speech_ms", t.min_speech_ms, 0, 2000);
  r.number("idle_s", t.idle_s, 1, 120);
  r.number("max_duration_s", t.max_duration_s, 10, 36000);
  r.number("think_s", t.think_s, 1, 120);
  r.number("tool_s", t.tool_s, 1, 120);
  r.number("filler_ms", t.filler_ms, 200, 20000);
  r.number("speak_stall_s", t.speak_stall_s, 1, 120);
  r.finish();
}

void read_sentences(Complaints& complaints, const toml::table& table, Sentences& s) {
  Reader r(complaints, table, "[sentences]");
  r.texts("idle", s.idle);
  r.text("silence", s.silence);
  r.text("too_long", s.too_long);
  r.text("moment", s.moment);
  r.text("apology", s.apology);
  r.text("give_up", s.give_up);
  r.text("goodbye", s.goodbye);
  r.finish();
}

LlmPart read_llm(Complaints& complaints, const toml::table& table) {
  LlmPart llm;
  Reader r(complaints, table, "[llm]");
  r.text("instructions", llm.instructions);
  r.text("model", llm.model);
  r.texts("tools", llm.tools);
  r.number("max_turns_remembered", llm.max_turns_remembered, 2, 1000);
  for (const auto& tool : llm.tools)
    if (std::find(llm_tools.begin(), llm_tools.end(), tool) == llm_tools.end())
      r.complain(
          "tools",
          fmt::format("'{}' is no tool of the model; there are end_call and escalate", tool));
  r.finish();
  return llm;
}

void read_ask(Reader& r, Step& step) {
  auto& a = step.ask;
  r.text("slot", a.slot);
  one_of(r, "type", slot_types, a.type);
  r.texts("choices", a.choices);
  r.texts("examples", a.examples);
  r.numbers("length", a.lengths, 1, 30);
  one_of(r, "confirm", confirms, a.confirm);
  r.fraction("unheard_below", a.unheard_below);
  r.fraction("unsure_below", a.unsure_below);
  r.text("read_back", a.read_back);
  r.text("correct", a.correct);
  r.text("spell", a.spell);
  r.texts("again", a.again);
  r.number("retries", a.retries, 1, 10);
  r.number("patience_ms", a.patience_ms, 100, 5000);
  a.keypad = a.type == SlotType::digits;
  r.flag("keypad", a.keypad);
  r.text("yes", a.yes);
  r.text("no", a.no);
  r.text("on_fail", step.on_fail);

  if (a.slot.empty()) r.complain("ask", "this step asks, so it needs a 'slot' to fill");
  if (!r.has("type"))
    r.complain("ask", "this step asks, so it needs a 'type': " + join(names_of(slot_types), ", "));
  if (a.type == SlotType::choice && a.choices.empty())
    r.complain("type", "a choice needs 'choices'");
  if (a.type != SlotType::choice && r.has("choices"))
    r.complain("choices", "'choices' belong to the type choice");
  if (a.type != SlotType::choice && r.has("spell"))
    r.complain("spell", "'spell' belongs to the type choice");
  if (a.type != SlotType::text && r.has("examples"))
    r.complain("examples", "'examples' belong to the type text");
  if (a.type != SlotType::digits && r.has("length"))
    r.complain("length", "'length' belongs to the type digits");
  if (a.type != SlotType::yes_no && (r.has("yes") || r.has("no")))
    r.complain(r.has("yes") ? "yes" : "no", "'yes' and 'no' belong to the type yes_no");
}

// A sound file in place of a voice. Its text is what is heard, for the transcript and the ledger,
// and what is spoken when the file cannot be read. It stands on lines of its own, so that it comes
// to the voice as one sentence.
void read_clip(Reader& r, Step& step) {
  std::string text;
  r.text("play", step.clip);
  r.text("text", text);
  if (text.empty())
    r.complain("play", "a sound file needs a 'text': the words that are heard in it");
  if (text.find('{') != std::string::npos) r.complain("text", "a sound file's text has no holes");
  const auto stop = text.find_first_of(".!?\n");
  if (text.size() > longest_clip_text || (stop != std::string::npos && stop + 1 < text.size()))
    r.complain("text", fmt::format("a sound file's text is one sentence of at most {} bytes; make "
                                   "a step of each",
                                   longest_clip_text));
  step.words = {"\n" + text + "\n"};
}

// The kind is the one of the seven keys that is there; a tool may say something too.
bool read_kind(Reader& r, Step& step) {
  unsigned found = 0;
  for (const auto& [key, kind] : kinds)
    if (r.has(key) && !(kind == Step::Kind::say && r.has("tool"))) ++found, step.kind = kind;
  if (found != 1)
    r.complain(
        "",
        found
            ? "a step has one of say, play, ask, tool, branch, escalate, end; this one has several"
            : "a step needs one of say, play, ask, tool, branch, escalate, end");
  return found == 1;
}

void read_kind_keys(Reader& r, Step& step) {
  switch (step.kind) {
    case Step::Kind::say:
      if (r.has("play"))
        read_clip(r, step);
      else
        r.texts("say", step.words);
      break;
    case Step::Kind::ask:
      r.texts("ask", step.words);
      read_ask(r, step);
      break;
    case Step::Kind::tool:
      r.text("tool", step.tool);
      r.texts("say", step.words);
      r.map("arguments", step.arguments);
      r.text("slot", step.slot);
      r.text("on_fail", step.on_fail);
      break;
    case Step::Kind::branch:
      r.text("branch", step.slot);
      r.map("when", step.when);
      if (step.when.empty())
        r.complain("branch", "a branch needs 'when': a table of value = \"step\"");
      break;
    case Step::Kind::escalate:
      r.texts("escalate", step.words);
      r.text("reason", step.reason);
      break;
    case Step::Kind::end:
      r.texts("end", step.words);
      break;
  }
  if (step.kind != Step::Kind::end && step.kind != Step::Kind::escalate) r.text("next", step.next);
}

Step read_step(Complaints& complaints, const toml::table& table) {
  Step step;
  step.line = int(table.source().begin.line);
  Reader r(complaints, table, "a step");
  r.text("id", step.id);
  if (step.id.empty()) complaints.add(step.line, "a step needs an 'id'");
  if (!read_kind(r, step)) return step;  // what else it may hold depends on the kind
  read_kind_keys(r, step);
  r.finish();
  return step;
}

Command read_command(Complaints& complaints, const toml::table& table) {
  Command c;
  Reader r(complaints, table, "a command");
  r.text("name", c.name);
  r.texts("phrases", c.phrases);
  r.text("then", c.then);
  r.fraction("unheard_below", c.unheard_below);
  if (c.name.empty()) r.complain("name", "a command needs a 'name'");
  if (c.phrases.empty()) r.complain("phrases", "a command needs 'phrases'");
  if (c.then.empty()) r.complain("then", "a command needs 'then': a step, or \"repeat\"");
  r.finish();
  return c;
}

// What can only be judged when all of the file is read: where steps lead, what holes name.
class Links {
 public:
  Links(Complaints& complaints, const Agent& agent) : complaints_(complaints), agent_(agent) {
    for (const auto& s : agent.steps) {
      if (!s.id.empty() && !ids_.insert(s.id).second)
        complaints_.add(s.line, fmt::format("there is another step '{}'", s.id));
      if (s.kind == Step::Kind::ask) slots_.insert(s.ask.slot);
      if (s.kind == Step::Kind::tool && !s.slot.empty()) slots_.insert(s.slot);
    }
  }

  void check() {
    for (const auto& s : agent_.steps) check_step(s);
    const auto holes = [&](const std::string& text) { hole(1, text); };
    holes(agent_.greeting);
    if (agent_.steps.empty()) return;
    const auto last = agent_.steps.back().kind;
    const bool ends = last == Step::Kind::end || last == Step::Kind::escalate ||
                      !agent_.steps.back().next.empty();
    if (!ends)
      complaints_.add(agent_.steps.back().line,
                      "the last step leads nowhere: end with an 'end' step, or give it a 'next'");
  }
  void check_command(int line, const Command& c) {
    if (c.then != "repeat") step(line, c.then);
  }

 private:
  void check_step(const Step& s) {
    for (const auto* to : {&s.next, &s.on_fail, &s.ask.yes, &s.ask.no}) step(s.line, *to);
    for (const auto& [value, to] : s.when) step(s.line, to);
    if (s.kind == Step::Kind::branch && !slots_.contains(s.slot))
      complaints_.add(s.line, fmt::format("no step fills '{}'", s.slot));
    for (const auto& text : s.words) hole(s.line, text);
    for (const auto& text : s.ask.again) hole(s.line, text);
    for (const auto* text : {&s.ask.read_back, &s.ask.correct, &s.ask.spell}) hole(s.line, *text);
    for (const auto& [name, text] : s.arguments) hole(s.line, text);
  }
  void step(int line, const std::string& id) {
    if (id.empty() || ids_.contains(id)) return;
    const auto meant = nearest(id, {ids_.begin(), ids_.end()});
    complaints_.add(line, fmt::format("there is no step '{}'{}", id,
                                      meant.empty() ? "" : "; did you mean '" + meant + "'?"));
  }
  void hole(int line, const std::string& text) {
    for (const auto& name : holes_of(text)) {
      if (slots_.contains(name)) continue;
      const auto meant = nearest(name, {slots_.begin(), slots_.end()});
      complaints_.add(line, fmt::format("no step fills '{{{}}}'{}", name,
                                        meant.empty() ? "" : "; did you mean '{" + meant + "}'?"));
    }
  }

  Complaints& complaints_;
  const Agent& agent_;
  std::set<std::string> ids_, slots_;
};

Agent read_agent(Complaints& complaints, const toml::table& table) {
  Agent agent;
  Reader r(complaints, table, "");
  r.text("name", agent.name);
  r.text("voice", agent.voice);
  r.text("language", agent.language);
  r.text("greeting", agent.greeting);
  r.texts("backchannels", agent.backchannels);
  if (const auto* t = r.table("turn")) read_turn(complaints, *t, agent.turn);
  if (const auto* t = r.table("sentences")) read_sentences(complaints, *t, agent.sentences);
  if (const auto* t = r.table("ambient")) {
    Reader part(complaints, *t, "[ambient]");
    part.text("file", agent.ambient);
    part.decibels("gain_db", agent.ambient_gain_db);
    part.finish();
  }
  if (const auto* t = r.table("hold")) {
    Reader part(complaints, *t, "[hold]");
    part.text("file", agent.hold);
    part.finish();
  }
  if (const auto* t = r.table("llm")) agent.llm = read_llm(complaints, *t);
  std::vector<int> command_lines;
  for (const auto* t : r.tables("command")) {
    agent.commands.push_back(read_command(complaints, *t));
    command_lines.push_back(int(t->source().begin.line));
  }
  for (const auto* t : r.tables("step")) agent.steps.push_back(read_step(complaints, *t));
  for (const auto& step : agent.steps)
    if (!step.clip.empty())
      agent.clips[step.words[0].substr(1, step.words[0].size() - 2)] = step.clip;
  if (agent.name.empty()) complaints.add(1, "an agent needs a 'name'");
  if (agent.steps.empty() && !agent.llm) complaints.add(1, "an agent needs a [[step]], or [llm]");
  r.finish();
  Links links(complaints, agent);
  links.check();
  for (std::size_t i = 0; i < agent.commands.size(); ++i)
    links.check_command(command_lines[i], agent.commands[i]);
  return agent;
}

// Paths in a file are meant from its folder.
void find_sounds(Agent& agent, const std::filesystem::path& folder) {
  const auto from_here = [&](std::string& path) {
    if (!path.empty()) path = (folder / path).lexically_normal().string();
  };
  from_here(agent.ambient);
  from_here(agent.hold);
  for (auto& [text, path] : agent.clips) from_here(path);
}

}  // namespace

std::string_view slot_type_name(SlotType type) {
  for (const auto& [name, value] : slot_types)
    if (value == type) return name;
  return "text";
}

const Step* Agent::find(std::string_view id) const {
  for (const auto& s : steps)
    if (s.id == id) return &s;
  return nullptr;
}

Result<Agent> parse_agent(std::string_view text, const std::string& name) {
  Complaints complaints(name);
  try {
    const auto table = toml::parse(text, name);
    auto agent = read_agent(complaints, table);
    if (!complaints.empty()) return Error{complaints.text()};
    return agent;
  } catch (const toml::parse_error& e) {
    complaints.add(int(e.source().begin.line), std::string(e.description()));
    return Error{complaints.text()};
  }
}

Result<Agent> load_agent(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    return Error{fmt::format(
        "{}: cannot be read: there is no such file, or it is empty or closed to us", path)};
  auto agent = parse_agent(text.str(), path);
  if (agent) find_sounds(*agent, std::filesystem::path(path).parent_path());
  return agent;
}

}  // namespace parley
