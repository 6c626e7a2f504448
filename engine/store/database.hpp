// database: a file of SQLite's, opened the one way Parley opens it, and held by one process.
//
// WAL, so that readers and the writer do not wait for one another; synchronous=FULL, so that what
// was committed survives a power cut; foreign keys. The lock of "one parleyd a database" is on
// PATH.lock, beside the file: whoever only reads (sqlite3, a backup) needs no leave. It ends with
// the process, however the process ends.
//
// Threads: a connection belongs to one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "engine/base/result.hpp"
#include "engine/store/soci.hpp"

namespace parley::store {

using Session = std::unique_ptr<soci::session>;

enum class Access { read, write };

// The path of a database's url, "sqlite:PATH".
Result<std::string> sqlite_path(const std::string& url);
Result<Session> connect(const std::string& path, Access access);

class FileLock {
 public:
  static Result<std::unique_ptr<FileLock>> take(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  const int fd_;
};

void run_script(soci::session& sql, const std::string& script);  // throws soci::soci_error
void roll_back(soci::session& sql) noexcept;                     // fine without a transaction

// What the database said. Not what(): that holds the statement's values, which are words of a call.
std::string reason(const soci::soci_error& error);

// The disk is full, failing or busy: the same statement may succeed later.
bool may_pass(const soci::soci_error& error);

}  // namespace parley::store
