#include "engine/store/queries.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "engine/base/event.hpp"
#include "engine/store/database.hpp"

namespace parley::store {
namespace {

using Json = nlohmann::json;

constexpr int transcript_limit = 10'000;

// A column that may be null, to fetch into.
template <class T>
struct Column {
  T value{};
  soci::indicator there = soci::i_null;

  auto into() { return soci::into(value, there); }
  Json json() const { return there == soci::i_ok ? Json(value) : Json(nullptr); }
  Json time() const { return there == soci::i_ok ? Json(rfc3339(value)) : Json(nullptr); }
};
using Text = Column<std::string>;
using Integer = Column<long long>;

struct CallRow {
  std::string id, external_id, organization_id, direction, from_uri, to_uri, agent, state, metadata;
  Text end_reason, recording;
  long long started_at = 0;
  Integer answered_at, ended_at;

  static constexpr auto columns =
      "id, external_id, organization_id, direction, from_uri, to_uri, agent, state, end_reason, "
      "started_at, answered_at, ended_at, metadata, recording";

  void bind(soci::statement& s) {
    for (auto* column :
         {&id, &external_id, &organization_id, &direction, &from_uri, &to_uri, &agent, &state})
      s.exchange(soci::into(*column));
    s.exchange(end_reason.into());
    s.exchange(soci::into(started_at));
    s.exchange(answered_at.into());
    s.exchange(ended_at.into());
    s.exchange(soci::into(metadata));
    s.exchange(recording.into());
  }

  Json json() const {
    return {{"id", id},
            {"external_id", external_id},
            {"organization_id", organization_id},
            {"direction", direction},
            {"from_uri", from_uri},
            {"to_uri", to_uri},
            {"agent", agent},
            {"state", state},
            {"end_reason", end_reason.json()},
            {"started_at", rfc3339(started_at)},
            {"answered_at", answered_at.time()},
            {"ended_at", ended_at.time()},
            {"recording", recording.json()},
            {"metadata", Json::parse(metadata)}};
  }
};

struct EntryRow {
  long long sequence_number = 0, at = 0;
  std::string entry_type, speaker, text;
  Text heard_text, tool_id, tool_name, tool_arguments, tool_result;
  Integer tool_ok;

  static constexpr auto columns =
      "sequence_number, at, entry_type, speaker, text, heard_text, tool_id, tool_name, "
      "tool_arguments, tool_result, tool_ok";

  void bind(soci::statement& s) {
    s.exchange(soci::into(sequence_number));
    s.exchange(soci::into(at));
    for (auto* column : {&entry_type, &speaker, &text}) s.exchange(soci::into(*column));
    for (auto* column : {&heard_text, &tool_id, &tool_name, &tool_arguments, &tool_result})
      s.exchange(column->into());
    s.exchange(tool_ok.into());
  }

  Json json(long long started_at) const {
    return {{"sequence_number", sequence_number},
            {"at", at},
            {"time", rfc3339(started_at + at)},
            {"entry_type", entry_type},
            {"speaker", speaker},
            {"text", text},
            {"heard_text", heard_text.json()},
            {"tool_id", tool_id.json()},
            {"tool_name", tool_name.json()},
            {"tool_arguments", tool_arguments.json()},
            {"tool_result", tool_result.json()},
            {"tool_ok", tool_ok.there == soci::i_ok ? Json(tool_ok.value != 0) : Json(nullptr)}};
  }
};

// Binds, prepares and executes; the caller fetches.
template <class Row, class... Use>
void start(soci::statement& s, Row& row, const std::string& query, Use&&... use) {
  row.bind(s);
  (s.exchange(soci::use(use)), ...);
  s.alloc();
  s.prepare(query);
  s.define_and_bind();
  s.execute();
}

struct Cursor {
  long long started_at = 0;
  std::string id{};

  std::string text() const { return fmt::format("{}_{}", started_at, id); }

  static std::optional<Cursor> parse(const std::string& text) {
    Cursor c;
    const auto* end = text.data() + text.size();
    const auto [rest, failed] = std::from_chars(text.data(), end, c.started_at);
    if (failed != std::errc{} || rest == end || *rest != '_' || rest + 1 == end) return {};
    c.id.assign(rest + 1, end);
    return c;
  }
};

template <class F>
Result<Json> asked(F&& question) {
  try {
    return question();
  } catch (const soci::soci_error& e) {
    return Error{fmt::format("the database cannot answer: {}", reason(e))};
  } catch (const Json::exception& e) {
    return Error{fmt::format("the database holds JSON that is none (error {})", e.id)};
  }
}

}  // namespace

Queries::Queries(std::unique_ptr<soci::session> sql) : sql_(std::move(sql)) {}
Queries::~Queries() = default;

Result<Json> Queries::calls(const std::string& state, int limit, const std::string& cursor) {
  if (!state.empty() && state != "ringing" && state != "live" && state != "ended")
    return Error{fmt::format("state is ringing, live or ended, not '{}'", state)};
  if (limit < 1 || limit > 200) return Error{fmt::format("limit is 1 to 200, not {}", limit)};
  const auto from = cursor.empty() ? Cursor{} : Cursor::parse(cursor).value_or(Cursor{});
  if (!cursor.empty() && from.id.empty())
    return Error{fmt::format("'{}' is no cursor of this list", cursor)};

  std::string where = "WHERE :state = :state";
  if (!state.empty()) where = "WHERE state = :state";
  const auto after =
      cursor.empty() ? "AND :at = :at AND :id = :id" : "AND (started_at, id) < (:at, :id)";
  const auto query =
      fmt::format("SELECT {} FROM calls {} {} ORDER BY started_at DESC, id DESC LIMIT :limit",
                  CallRow::columns, where, after);
  std::lock_guard lock(mutex_);
  return asked([&]() -> Json {
    CallRow row;
    soci::statement s(*sql_);
    const int one_more = limit + 1;
    start(s, row, query, state, from.started_at, from.id, one_more);
    auto items = Json::array();
    Cursor last;
    while (s.fetch()) {
      if (int(items.size()) == limit) return {{"items", items}, {"next", last.text()}};
      items.push_back(row.json());
      last = {row.started_at, row.id};
    }
    return {{"items", items}, {"next", nullptr}};
  });
}

Result<Json> Queries::call(const std::string& id) {
  std::lock_guard lock(mutex_);
  return asked([&]() -> Json {
    CallRow call;
    soci::statement one(*sql_);
    start(one, call, fmt::format("SELECT {} FROM calls WHERE id = :id", CallRow::columns), id);
    if (!one.fetch()) return nullptr;
    auto answer = call.json();

    EntryRow entry;
    soci::statement entries(*sql_);
    start(entries, entry,
          fmt::format("SELECT {} FROM call_transcript_entries WHERE call_id = :id "
                      "ORDER BY sequence_number LIMIT {}",
                      EntryRow::columns, transcript_limit),
          id);
    auto& transcript = answer["transcript"] = Json::array();
    while (entries.fetch()) transcript.push_back(entry.json(call.started_at));
    return answer;
  });
}

Result<Json> Queries::events(const std::string& call, std::uint64_t after_seq, int limit) {
  if (limit < 1 || limit > 1000) return Error{fmt::format("limit is 1 to 1000, not {}", limit)};
  struct {
    long long seq = 0, at = 0, time = 0;
    std::string kind, body;
    void bind(soci::statement& s) {
      for (auto* column : {&seq, &at, &time}) s.exchange(soci::into(*column));
      for (auto* column : {&kind, &body}) s.exchange(soci::into(*column));
    }
  } row;
  const std::string which = call.empty()
                                ? "call_id IS NULL AND :id = :id AND :seq = :seq ORDER BY time, seq"
                                : "call_id = :id AND seq > :seq ORDER BY seq";
  std::lock_guard lock(mutex_);
  return asked([&]() -> Json {
    soci::statement s(*sql_);
    const auto after = static_cast<long long>(after_seq);
    start(s, row, "SELECT seq, at, time, kind, body FROM events WHERE " + which + " LIMIT :limit",
          call, after, limit);
    auto items = Json::array();
    while (s.fetch())
      items.push_back({{"call", call.empty() ? Json(nullptr) : Json(call)},
                       {"seq", row.seq},
                       {"at", row.at},
                       {"time", rfc3339(row.time)},
                       {"kind", row.kind},
                       {"body", Json::parse(row.body)}});
    return items;
  });
}

}  // namespace parley::store
