#include "plugins/gstpp/structure.hpp"

namespace parley::gst {
namespace {

void put(GstStructure* s, const char* name, bool v) {
  gst_structure_set(s, name, G_TYPE_BOOLEAN, gboolean(v), nullptr);
}
void put(GstStructure* s, const char* name, std::int64_t v) {
  gst_structure_set(s, name, G_TYPE_INT64, gint64(v), nullptr);
}
void put(GstStructure* s, const char* name, double v) {
  gst_structure_set(s, name, G_TYPE_DOUBLE, v, nullptr);
}
void put(GstStructure* s, const char* name, const std::string& v) {
  gst_structure_set(s, name, G_TYPE_STRING, v.c_str(), nullptr);
}
void put(GstStructure* s, const char* name, const std::vector<std::string>& v) {
  GValue list = G_VALUE_INIT;
  g_value_init(&list, GST_TYPE_ARRAY);
  for (const auto& item : v) {
    GValue text = G_VALUE_INIT;
    g_value_init(&text, G_TYPE_STRING);
    g_value_set_string(&text, item.c_str());
    gst_value_array_append_and_take_value(&list, &text);
  }
  gst_structure_take_value(s, name, &list);
}

}  // namespace

void set(GstStructure* s, Fields fields) {
  for (const auto& f : fields) std::visit([&](const auto& v) { put(s, f.name, v); }, f.value);
}

GstStructure* structure(const char* name, Fields fields) {
  auto* s = gst_structure_new_empty(name);
  set(s, fields);
  return s;
}

std::int64_t get_int(const GstStructure* s, const char* name) {
  gint64 v = 0;
  gst_structure_get_int64(s, name, &v);
  return v;
}

double get_double(const GstStructure* s, const char* name) {
  gdouble v = 0;
  gst_structure_get_double(s, name, &v);
  return v;
}

bool get_bool(const GstStructure* s, const char* name) {
  gboolean v = FALSE;
  gst_structure_get_boolean(s, name, &v);
  return v;
}

std::string get_text(const GstStructure* s, const char* name) {
  const auto* v = gst_structure_get_string(s, name);
  return v ? v : "";
}

std::vector<std::string> get_list(const GstStructure* s, const char* name) {
  std::vector<std::string> all;
  const auto* list = gst_structure_get_value(s, name);
  if (!list || !GST_VALUE_HOLDS_ARRAY(list)) return all;
  for (guint i = 0; i < gst_value_array_get_size(list); ++i)
    if (const auto* text = g_value_get_string(gst_value_array_get_value(list, i)))
      all.emplace_back(text);
  return all;
}

}  // namespace parley::gst
