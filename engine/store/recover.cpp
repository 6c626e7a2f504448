#include "engine/store/recover.hpp"

#include <fmt/format.h>

#include <vector>

#include "engine/store/database.hpp"
#include "engine/store/transaction.hpp"

namespace parley::store {
namespace {

std::vector<EventPtr> missing_ends(soci::session& sql) {
  std::string id;
  long long started_at = 0, seq = 0, at = 0;
  soci::statement open =
      (sql.prepare << "SELECT c.id, c.started_at, coalesce(max(e.seq), 0), coalesce(max(e.at), 0) "
                      "FROM calls c LEFT JOIN events e ON e.call_id = c.id "
                      "WHERE c.state IN ('ringing', 'live') GROUP BY c.id",
       soci::into(id), soci::into(started_at), soci::into(seq), soci::into(at));
  open.execute();
  std::vector<EventPtr> ends;
  while (open.fetch())
    ends.push_back(std::make_shared<Event>(
        Event{.call = id,
              .seq = static_cast<std::uint64_t>(seq + 1),
              .at = at,
              .started_at = started_at,
              .kind = "call.ended",
              .body = {{"reason", "interrupted"},
                       {"code", 0},
                       {"detail", "parleyd ended while the call was live"}}}));
  return ends;
}

}  // namespace

Result<std::size_t> close_interrupted(soci::session& sql) {
  try {
    const auto ends = missing_ends(sql);
    if (ends.empty()) return std::size_t{0};
    const auto outcome = Transaction(sql).store(ends);
    if (outcome.kind != Outcome::Kind::stored)
      return Error{fmt::format("cannot close {} interrupted calls: {}", ends.size(), outcome.why)};
    return ends.size();
  } catch (const soci::soci_error& e) {
    return Error{fmt::format("cannot look for interrupted calls: {}", reason(e))};
  }
}

}  // namespace parley::store
