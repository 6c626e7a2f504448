#include "engine/store/transaction.hpp"

namespace parley::store {
namespace {

constexpr std::size_t known_limit = 10'000;

soci::indicator given(bool there) { return there ? soci::i_ok : soci::i_null; }

}  // namespace

// The two statements of nearly every event, with the variables they are bound to.
struct Transaction::Statements {
  std::string call, kind, body;
  soci::indicator has_call = soci::i_ok;
  long long seq = 0, at = 0, time = 0;
  soci::statement event;

  Entry entry;
  std::string heard_text, tool_id, tool_name, tool_arguments, tool_result;
  soci::indicator has_heard{}, has_id{}, has_name{}, has_arguments{}, has_result{}, has_ok{};
  int tool_ok = 0;
  soci::statement transcript;

  explicit Statements(soci::session& sql)
      : event((sql.prepare << "INSERT INTO events (call_id, seq, at, time, kind, body) VALUES "
                              "(:call, :seq, :at, :time, :kind, :body) ON CONFLICT DO NOTHING",
               soci::use(call, has_call, "call"), soci::use(seq, "seq"), soci::use(at, "at"),
               soci::use(time, "time"), soci::use(kind, "kind"), soci::use(body, "body"))),
        transcript(
            (sql.prepare
                 << "INSERT INTO call_transcript_entries (call_id, sequence_number, at, "
                    "entry_type, speaker, text, heard_text, tool_id, tool_name, tool_arguments, "
                    "tool_result, tool_ok) VALUES (:call, (SELECT coalesce(max(sequence_number), "
                    "0) + 1 FROM call_transcript_entries WHERE call_id = :call), :at, :type, "
                    ":speaker, :text, :heard, :id, :name, :arguments, :result, :ok)",
             soci::use(call, "call"), soci::use(at, "at"), soci::use(entry.entry_type, "type"),
             soci::use(entry.speaker, "speaker"), soci::use(entry.text, "text"),
             soci::use(heard_text, has_heard, "heard"), soci::use(tool_id, has_id, "id"),
             soci::use(tool_name, has_name, "name"),
             soci::use(tool_arguments, has_arguments, "arguments"),
             soci::use(tool_result, has_result, "result"), soci::use(tool_ok, has_ok, "ok"))) {}
};

Transaction::Transaction(soci::session& sql) : sql_(sql) {}
Transaction::~Transaction() = default;

Outcome Transaction::store(std::span<const EventPtr> batch) {
  std::size_t at = 0;
  bool begun = false;
  try {
    if (!statements_) statements_ = std::make_unique<Statements>(sql_);
    run_script(sql_, "BEGIN IMMEDIATE");
    begun = true;
    for (; at < batch.size(); ++at) put(*batch[at]);
    run_script(sql_, "COMMIT");
    return {};
  } catch (const std::exception& e) {
    statements_.reset();
    roll_back(sql_);
    known_.clear();
    const auto* database = dynamic_cast<const soci::soci_error*>(&e);
    const bool later = !begun || at == batch.size() || (database && may_pass(*database));
    return {.kind = later ? Outcome::Kind::later : Outcome::Kind::bad,
            .bad = at,
            .why = database ? reason(*database) : e.what()};
  }
}

void Transaction::put(const Event& e) {
  if (!e.call.empty()) know(e);
  auto& s = *statements_;
  s.call = e.call;
  s.has_call = given(!e.call.empty());
  s.seq = static_cast<long long>(e.seq);
  s.at = e.at;
  s.time = e.started_at + e.at;
  s.kind = e.kind;
  s.body = e.body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  s.event.execute(true);
  if (s.event.get_affected_rows() == 0) return;  // it was stored before
  for (const auto& one : rows(e)) std::visit([&](const auto& c) { change(e.call, c); }, one);
}

void Transaction::know(const Event& e) {
  if (known_.size() >= known_limit) known_.clear();
  if (!known_.insert(e.call).second) return;
  const long long started_at = e.started_at;
  sql_ << "INSERT INTO calls (id, started_at) VALUES (:id, :at) ON CONFLICT DO NOTHING",
      soci::use(e.call), soci::use(started_at);
}

void Transaction::change(const std::string& call, const CallCreated& c) {
  sql_ << "UPDATE calls SET external_id = :external, direction = :direction, from_uri = :from, "
          "to_uri = :to, agent = :agent WHERE id = :id",
      soci::use(c.external_id), soci::use(c.direction), soci::use(c.from_uri), soci::use(c.to_uri),
      soci::use(c.agent), soci::use(call);
}

void Transaction::change(const std::string& call, const CallAnswered& c) {
  const long long at = c.answered_at;
  sql_ << "UPDATE calls SET state = 'live', answered_at = :at WHERE id = :id AND state = 'ringing'",
      soci::use(at), soci::use(call);
}

void Transaction::change(const std::string& call, const CallEnded& c) {
  const long long at = c.ended_at;
  sql_ << "UPDATE calls SET state = 'ended', ended_at = :at, end_reason = :reason "
          "WHERE id = :id AND state <> 'ended'",
      soci::use(at), soci::use(c.reason), soci::use(call);
  known_.erase(call);
}

void Transaction::change(const std::string& call, const RecordingStarted& c) {
  sql_ << "UPDATE calls SET recording = :path WHERE id = :id", soci::use(c.path), soci::use(call);
}

void Transaction::change(const std::string& call, const MetadataPatch& c) {
  const auto patch = c.patch.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  sql_ << "UPDATE calls SET metadata = json_patch(metadata, :patch) WHERE id = :id",
      soci::use(patch), soci::use(call);
}

void Transaction::change(const std::string&, const Entry& c) {
  auto& s = *statements_;  // the call is bound already: the event's
  s.entry = c;
  const auto bind = [](const std::optional<std::string>& from, std::string& to,
                       soci::indicator& there) {
    to = from.value_or("");
    there = given(from.has_value());
  };
  bind(c.heard_text, s.heard_text, s.has_heard);
  bind(c.tool_id, s.tool_id, s.has_id);
  bind(c.tool_name, s.tool_name, s.has_name);
  bind(c.tool_arguments, s.tool_arguments, s.has_arguments);
  bind(c.tool_result, s.tool_result, s.has_result);
  s.tool_ok = c.tool_ok.value_or(false);
  s.has_ok = given(c.tool_ok.has_value());
  s.transcript.execute(true);
}

}  // namespace parley::store
