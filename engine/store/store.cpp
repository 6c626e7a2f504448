#include "engine/store/store.hpp"

#include <fmt/format.h>

#include <optional>

#include "engine/base/log.hpp"
#include "engine/store/database.hpp"
#include "engine/store/migrations.hpp"
#include "engine/store/recover.hpp"
#include "engine/store/writer.hpp"

namespace parley::store {
namespace {

// The lock, the connection that writes, and tables of this program's version (or `version`).
struct Opened {
  std::string path{};
  std::unique_ptr<FileLock> lock{};
  Session sql{};
};

Result<Opened> open_database(const StoreOptions& options, std::optional<int> version) {
  auto path = sqlite_path(options.url);
  if (!path) return Error{path.error()};
  auto lock = FileLock::take(*path);
  if (!lock) return Error{lock.error()};
  auto sql = connect(*path, Access::write);
  if (!sql) return Error{sql.error()};

  auto migrations = options.migrations.empty() ? Result(embedded_migrations())
                                               : read_migrations(options.migrations);
  if (!migrations) return Error{migrations.error()};
  const auto done = store::migrate(**sql, *migrations, version.value_or(int(migrations->size())));
  if (!done) return Error{fmt::format("database {}: {}", *path, done.error())};
  return Opened{*path, std::move(*lock), std::move(*sql)};
}

}  // namespace

// Ends from the last to the first: the lock is the last to go.
struct Store::Parts {
  Opened database;
  std::size_t interrupted;
  Queries queries;
  Writer writer;
  bool following = false;

  Parts(Opened opened, std::size_t closed, Session reader, const WriterOptions& options)
      : database(std::move(opened)),
        interrupted(closed),
        queries(std::move(reader)),
        writer(*database.sql, options) {}
};

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  auto database = open_database(options, {});
  if (!database) return Error{database.error()};
  const auto closed = close_interrupted(*database->sql);
  if (!closed) return Error{closed.error()};
  if (*closed > 0)
    log::warn("store", "", "closed {} calls that the process before left open", *closed);
  auto reader = connect(database->path, Access::read);
  if (!reader) return Error{reader.error()};

  const WriterOptions writer{
      .capacity = options.mailbox_capacity, .gather = options.gather, .retry = options.retry};
  return std::unique_ptr<Store>(new Store(
      std::make_unique<Parts>(std::move(*database), *closed, std::move(*reader), writer)));
}

Store::Store(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Store::~Store() = default;

Status Store::migrate(const StoreOptions& options, int version) {
  const auto database = open_database(options, version);
  return database ? ok() : Status(Error{database.error()});
}

std::size_t Store::interrupted() const { return parts_->interrupted; }

Status Store::remember_agent(const AgentFile& agent, std::int64_t utc_us) {
  PARLEY_ASSERT(!parts_->following);
  try {
    const long long now = utc_us;
    *parts_->database.sql
        << "INSERT INTO agents (organization_id, name, path, hash, loaded_at) "
           "SELECT id, :name, :path, :hash, :now FROM organizations WHERE name = 'default' "
           "ON CONFLICT (organization_id, name) DO UPDATE SET path = excluded.path, "
           "hash = excluded.hash, loaded_at = excluded.loaded_at",
        soci::use(agent.name), soci::use(agent.path), soci::use(agent.hash), soci::use(now);
    return ok();
  } catch (const soci::soci_error& e) {
    return Error{fmt::format("cannot store the agent {}: {}", agent.name, reason(e))};
  }
}

void Store::follow(EventHub& hub, LoopRef clock) {
  parts_->following = true;
  parts_->writer.follow(hub, std::move(clock));
}

Status Store::flush(Nanos patience) { return parts_->writer.flush(patience); }
std::uint64_t Store::events_stored() const { return parts_->writer.stored(); }
std::uint64_t Store::events_lost() const { return parts_->writer.lost(); }
Queries& Store::queries() { return parts_->queries; }

}  // namespace parley::store
