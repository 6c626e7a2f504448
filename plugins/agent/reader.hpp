// reader: takes keys out of a TOML table and remembers what it did not like, each with its line.
//
// A key nobody asked for is a mistake of the writer's: finish() says so, with the nearest key that
// would have been right. Threads: none; values on the stack.
#pragma once

#include <toml++/toml.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

class Complaints {
 public:
  explicit Complaints(std::string file) : file_(std::move(file)) {}
  void add(int line, const std::string& sentence);
  bool empty() const { return all_.empty(); }
  std::string text() const;  // one a line, in the file's order

 private:
  std::string file_;
  std::multimap<int, std::string> all_;
};

class Reader {
 public:
  // `what` names the table in a complaint: "[turn]".
  Reader(Complaints& complaints, const toml::table& table, std::string what);

  bool has(std::string_view key) const { return table_.contains(key); }
  int line() const { return int(table_.source().begin.line); }
  int line(std::string_view key) const;

  void text(std::string_view key, std::string& out);
  void number(std::string_view key, unsigned& out, unsigned min, unsigned max);
  void fraction(std::string_view key, double& out);
  void decibels(std::string_view key, double& out);  // -60 to 6
  void flag(std::string_view key, bool& out);
  void texts(std::string_view key, std::vector<std::string>& out);  // one text, or a list
  void numbers(std::string_view key, std::vector<unsigned>& out, unsigned min, unsigned max);
  void map(std::string_view key, std::map<std::string, std::string>& out);
  const toml::table* table(std::string_view key);
  std::vector<const toml::table*> tables(std::string_view key);
  void complain(std::string_view key, const std::string& sentence);

  void finish();  // the keys that nobody took

 private:
  const toml::node* take(std::string_view key);
  void wrong(std::string_view key, const std::string& wanted);

  Complaints& complaints_;
  const toml::table& table_;
  std::string what_;
  std::vector<std::string> known_;
};

// The one of `known` that `word` was probably meant to be; empty: none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace parley
