#include "engine/store/database.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace parley::store {
namespace {

sqlite_api::sqlite3* handle(soci::session& sql) {
  return static_cast<soci::sqlite3_session_backend*>(sql.get_backend())->conn_;
}

void prepare_writer(soci::session& sql) {
  std::string mode;
  sql << "PRAGMA journal_mode = WAL", soci::into(mode);
  if (mode != "wal") throw soci::soci_error("its journal cannot be switched to WAL");
  run_script(sql, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
}

std::string holder(int fd) {
  std::array<char, 24> text{};
  const auto size = pread(fd, text.data(), text.size() - 1, 0);
  std::string pid(text.data(), size > 0 ? std::size_t(size) : 0);
  std::erase_if(pid, [](char c) { return c < '0' || c > '9'; });
  return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

Result<std::string> sqlite_path(const std::string& url) {
  constexpr std::string_view scheme = "sqlite:";
  if (url.starts_with("postgresql:"))
    return Error{"postgresql: is not built yet: use [store] url = \"sqlite:PATH\""};
  if (!url.starts_with(scheme) || url.size() == scheme.size() || url == "sqlite::memory:" ||
      url.find('"') != std::string::npos)
    return Error{fmt::format("'{}' is no database: [store] url must be \"sqlite:PATH\"", url)};
  return url.substr(scheme.size());
}

Result<Session> connect(const std::string& path, Access access) {
  try {
    auto sql = std::make_unique<soci::session>(
        soci::sqlite3,
        fmt::format("db=\"{}\" timeout=5{}", path, access == Access::read ? " readonly=true" : ""));
    if (access == Access::write) prepare_writer(*sql);
    return sql;
  } catch (const soci::soci_error& e) {
    return Error{fmt::format("cannot open the database {}: {}", path, reason(e))};
  }
}

Result<std::unique_ptr<FileLock>> FileLock::take(const std::string& path) {
  const auto name = path + ".lock";
  const int fd = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return Error{fmt::format("cannot open {}: {}", name, std::strerror(errno))};
  std::unique_ptr<FileLock> lock(new FileLock(fd));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0)
    return Error{
        fmt::format("the database {} is in use by {}: stop that parleyd, or give this one "
                    "a [store] url of its own",
                    path, holder(fd))};
  // The number is only for the sentence above: a disk that cannot take it is no reason to stop.
  const auto pid = fmt::format("{}\n", getpid());
  if (ftruncate(fd, 0) == 0) (void)!pwrite(fd, pid.data(), pid.size(), 0);
  return lock;
}

FileLock::~FileLock() { ::close(fd_); }

void run_script(soci::session& sql, const std::string& script) {
  const auto code =
      sqlite_api::sqlite3_exec(handle(sql), script.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK)
    throw soci::sqlite3_soci_error(sqlite_api::sqlite3_errmsg(handle(sql)), code);
}

void roll_back(soci::session& sql) noexcept {
  sqlite_api::sqlite3_exec(handle(sql), "ROLLBACK", nullptr, nullptr, nullptr);
}

std::string reason(const soci::soci_error& error) { return error.get_error_message(); }

bool may_pass(const soci::soci_error& error) {
  constexpr std::array passing{SQLITE_FULL,  SQLITE_IOERR,    SQLITE_BUSY,     SQLITE_LOCKED,
                               SQLITE_NOMEM, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PROTOCOL};
  const auto* ours = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
  return ours && std::ranges::find(passing, ours->result() & 0xff) != passing.end();
}

}  // namespace parley::store
