#include "engine/store/migrations.hpp"

#include <fstream>

#include "engine/store/database.hpp"
#include "tests/store/support.hpp"

using namespace parley;
using namespace parley::store;
using namespace parley::test;

namespace {

struct Fresh {
  TemporaryFolder folder;
  Session sql = std::move(*connect(folder / "m.db", Access::write));

  std::string tables() {
    std::string all, one;
    soci::statement s = (sql->prepare << "SELECT name FROM sqlite_master WHERE type = 'table' AND "
                                         "name NOT LIKE 'sqlite_%' ORDER BY name",
                         soci::into(one));
    s.execute();
    while (s.fetch()) all += (all.empty() ? "" : " ") + one;
    return all;
  }
};

const std::vector<Migration> two{{1, "one", "CREATE TABLE a (x);", "DROP TABLE a;"},
                                 {2, "two", "CREATE TABLE b (x);", "DROP TABLE b;"}};

}  // namespace

TEST_CASE("migrations: forward to the last, backward to any, and forward again") {
  Fresh db;
  REQUIRE(migrate(*db.sql, two));
  CHECK(db.tables() == "a b schema_migrations");
  REQUIRE(migrate(*db.sql, two));
  REQUIRE(migrate(*db.sql, two, 1));
  CHECK(db.tables() == "a schema_migrations");
  REQUIRE(migrate(*db.sql, two, 0));
  CHECK(db.tables() == "schema_migrations");
  REQUIRE(migrate(*db.sql, two));
  CHECK(db.tables() == "a b schema_migrations");
}

TEST_CASE("migrations: the first tables go without a trace, and come again") {
  Fresh db;
  const auto& real = embedded_migrations();
  REQUIRE(migrate(*db.sql, real));
  CHECK(db.tables() ==
        "agents call_transcript_entries calls events organizations schema_migrations");
  int indexes = 0;
  *db.sql << "SELECT count(*) FROM sqlite_master WHERE name = 'idx_transcript_call_sequence'",
      soci::into(indexes);
  CHECK(indexes == 1);
  REQUIRE(migrate(*db.sql, real, 0));
  CHECK(db.tables() == "schema_migrations");
  REQUIRE(migrate(*db.sql, real));
}

TEST_CASE("migrations: a file that changed after it was applied is named") {
  Fresh db;
  REQUIRE(migrate(*db.sql, two));
  auto edited = two;
  edited[0].up += " -- edited";
  CHECK(migrate(*db.sql, edited).error().find("migration 0001_one was changed") == 0);
}

TEST_CASE("migrations: a database of a newer program is left alone") {
  Fresh db;
  REQUIRE(migrate(*db.sql, two));
  const auto error = migrate(*db.sql, {two[0]}).error();
  CHECK(error.find("version 2 (two), this program knows versions up to 1") != std::string::npos);
  CHECK(db.tables() == "a b schema_migrations");
}

TEST_CASE("migrations: one that fails leaves nothing of itself") {
  Fresh db;
  const std::vector<Migration> broken{
      two[0], {2, "bad", "CREATE TABLE c (x); CREATE TABLE c (x);", "DROP TABLE c;"}};
  CHECK(migrate(*db.sql, broken).error().find("migration 0002_bad failed") == 0);
  CHECK(db.tables() == "a schema_migrations");
  REQUIRE(migrate(*db.sql, two));
  CHECK(db.tables() == "a b schema_migrations");
}

TEST_CASE("migrations: are read from a folder, in order, pairs only") {
  TemporaryFolder folder;
  const auto put = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
  };
  CHECK_FALSE(read_migrations(folder / "."));
  put("0002_two.up.sql", "2");
  put("0002_two.down.sql", "-2");
  put("0001_one.up.sql", "1");
  CHECK(read_migrations(folder / ".").error().find("0001_one needs") != std::string::npos);
  put("0001_one.down.sql", "-1");
  put("README.md", "not one");
  const auto all = read_migrations(folder / ".").value();
  REQUIRE(all.size() == 2);
  CHECK(all[0].up == "1");
  CHECK(all[1].name == "two");
  CHECK(all[1].down == "-2");
  CHECK_FALSE(read_migrations(folder / "nowhere"));
}
