#include "engine/store/migrations.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>

#include "engine/store/database.hpp"

namespace parley::store {
namespace {

struct Applied {
  std::string name{}, sum{};
};

std::map<int, Applied> applied_migrations(soci::session& sql) {
  sql << "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, "
         "name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL)";
  std::map<int, Applied> all;
  int version = 0;
  Applied one;
  soci::statement rows = (sql.prepare << "SELECT version, name, checksum FROM schema_migrations",
                          soci::into(version), soci::into(one.name), soci::into(one.sum));
  rows.execute();
  while (rows.fetch()) all[version] = one;
  return all;
}

std::string title(const Migration& m) { return fmt::format("{:04}_{}", m.version, m.name); }

Status check(const std::map<int, Applied>& applied, const std::vector<Migration>& known) {
  for (const auto& [version, was] : applied) {
    if (version < 1 || std::size_t(version) > known.size())
      return Error{fmt::format(
          "the database has tables of version {} ({}), this program knows versions up to {}: start "
          "a newer parleyd, or take the database back with the one that changed it",
          version, was.name, known.size())};
    const auto& now = known[std::size_t(version) - 1];
    if (checksum(now.up) != was.sum)
      return Error{fmt::format(
          "migration {} was changed after it was applied to this database: put the file back as it "
          "was and add a new migration instead",
          title(now))};
  }
  return ok();
}

// One migration and its row, or nothing.
void step(soci::session& sql, const Migration& m, bool up) {
  using namespace std::chrono;
  run_script(sql, "BEGIN IMMEDIATE");
  try {
    run_script(sql, up ? m.up : m.down);
    if (up) {
      const std::string sum = checksum(m.up);
      const long long now =
          duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
      sql << "INSERT INTO schema_migrations (version, name, checksum, applied_at) "
             "VALUES (:version, :name, :sum, :now)",
          soci::use(m.version), soci::use(m.name), soci::use(sum), soci::use(now);
    } else {
      sql << "DELETE FROM schema_migrations WHERE version = :version", soci::use(m.version);
    }
    run_script(sql, "COMMIT");
  } catch (const soci::soci_error&) {
    roll_back(sql);
    throw;
  }
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string checksum(std::string_view text) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const unsigned char c : text) sum = (sum ^ c) * 0x100000001b3;
  return fmt::format("{:016x}", sum);
}

Result<std::vector<Migration>> read_migrations(const std::string& folder) {
  static const std::regex form(R"((\d{4})_(\w+)\.(up|down)\.sql)");
  std::map<int, Migration> found;
  std::error_code failed;
  for (const auto& file : std::filesystem::directory_iterator(folder, failed)) {
    const auto name = file.path().filename().string();
    std::smatch part;
    if (!std::regex_match(name, part, form)) continue;
    auto& m = found[std::stoi(part[1])];
    m.version = std::stoi(part[1]);
    m.name = part[2];
    (part[3] == "up" ? m.up : m.down) = read_file(file.path());
  }
  if (failed)
    return Error{fmt::format("cannot read migrations in {}: {}", folder, failed.message())};
  std::vector<Migration> all;
  for (auto& [version, m] : found) {
    if (version != int(all.size()) + 1 || m.up.empty() || m.down.empty())
      return Error{fmt::format(
          "migrations in {}: {} needs the one before it, an up and a down file", folder, title(m))};
    all.push_back(std::move(m));
  }
  if (all.empty()) return Error{fmt::format("there are no migrations in {}", folder)};
  return all;
}

Status migrate(soci::session& sql, const std::vector<Migration>& migrations) {
  return migrate(sql, migrations, int(migrations.size()));
}

Status migrate(soci::session& sql, const std::vector<Migration>& migrations, int version) {
  const Migration* at = nullptr;
  try {
    const auto applied = applied_migrations(sql);
    if (auto fine = check(applied, migrations); !fine) return fine;
    for (const auto& m : migrations)
      if (m.version <= version && !applied.contains(m.version)) step(sql, *(at = &m), true);
    for (auto m = migrations.rbegin(); m != migrations.rend(); ++m)
      if (m->version > version && applied.contains(m->version)) step(sql, *(at = &*m), false);
    return ok();
  } catch (const soci::soci_error& e) {
    return Error{at ? fmt::format("migration {} failed: {}", title(*at), reason(e))
                    : fmt::format("cannot read the database's version: {}", reason(e))};
  }
}

}  // namespace parley::store
