// migrations: takes a database from one version of its tables to another, forward and backward.
//
// A migration is a pair of files schema/migrations/sqlite/NNNN_name.{up,down}.sql. They are also
// built into the program. Table `schema_migrations` holds what was applied, each with a checksum of
// its up file: a file that was edited after it was applied is an error, and so is a database that a
// newer program has changed. Each migration is one transaction.
//
// Threads: the owner's of the connection.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.hpp"

namespace soci {
class session;
}

namespace parley::store {

struct Migration {
  int version = 0;
  std::string name{}, up{}, down{};
};

// Ordered by version, from 1 without gaps.
const std::vector<Migration>& embedded_migrations();
Result<std::vector<Migration>> read_migrations(const std::string& folder);

// 16 hexadecimal digits (FNV-1a): tells an edit, not an attack.
std::string checksum(std::string_view text);

// To the last version, or to `version` (0: no tables at all). The sentence of an error names the
// migration.
Status migrate(soci::session& sql, const std::vector<Migration>& migrations);
Status migrate(soci::session& sql, const std::vector<Migration>& migrations, int version);

}  // namespace parley::store
