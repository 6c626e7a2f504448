// structure: GstStructures with typed fields, as our events, queries and messages carry them.
//
// One convention: every integer is G_TYPE_INT64, every text a string, lists are GST_TYPE_ARRAY of
// strings. Absent fields read as 0, "", false or an empty list.
#pragma once

#include <gst/gst.h>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace parley::gst {

struct Field {
  using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

  Field(const char* n, bool v) : name(n), value(v) {}
  Field(const char* n, std::integral auto v) : name(n), value(std::int64_t(v)) {}
  Field(const char* n, double v) : name(n), value(v) {}
  Field(const char* n, std::string v) : name(n), value(std::move(v)) {}
  Field(const char* n, const char* v) : name(n), value(std::string(v)) {}
  Field(const char* n, std::vector<std::string> v) : name(n), value(std::move(v)) {}

  const char* name;
  Value value;
};
using Fields = std::initializer_list<Field>;

GstStructure* structure(const char* name, Fields fields);  // transfer full
void set(GstStructure* structure, Fields fields);

std::int64_t get_int(const GstStructure* structure, const char* name);
double get_double(const GstStructure* structure, const char* name);
bool get_bool(const GstStructure* structure, const char* name);
std::string get_text(const GstStructure* structure, const char* name);
std::vector<std::string> get_list(const GstStructure* structure, const char* name);

}  // namespace parley::gst
