#include "engine/call/pipeline.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>

#include "plugins/gstpp/context.hpp"

namespace parley {
namespace {

std::atomic<int> live_pipelines = 0;

std::string quoted(const std::string& value) {
  std::string text = "\"";
  for (char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

std::string without_comments(const std::string& line) {
  std::string kept;
  for (std::size_t at = 0; at < line.size();) {
    const auto end = std::min(line.find('\n', at), line.size());
    const auto first = line.find_first_not_of(" \t", at);
    if (first < end && line[first] != '#') kept += line.substr(at, end - at) + ' ';
    at = end + 1;
  }
  return kept;
}

nlohmann::json value_json(const GValue* value) {
  if (G_VALUE_HOLDS_STRING(value)) {
    const auto* text = g_value_get_string(value);
    return text ? text : "";
  }
  if (G_VALUE_HOLDS_BOOLEAN(value)) return bool(g_value_get_boolean(value));
  if (G_VALUE_HOLDS_INT64(value)) return g_value_get_int64(value);
  if (G_VALUE_HOLDS_UINT64(value)) return g_value_get_uint64(value);
  if (G_VALUE_HOLDS_INT(value)) return g_value_get_int(value);
  if (G_VALUE_HOLDS_UINT(value)) return g_value_get_uint(value);
  if (G_VALUE_HOLDS_DOUBLE(value)) return g_value_get_double(value);
  auto list = nlohmann::json::array();
  if (GST_VALUE_HOLDS_ARRAY(value))
    for (guint i = 0; i < gst_value_array_get_size(value); ++i)
      list.push_back(value_json(gst_value_array_get_value(value, i)));
  return list;
}

std::string source_of(GstMessage* message) {
  auto* source = GST_MESSAGE_SRC(message);
  auto* factory = GST_IS_ELEMENT(source) ? gst_element_get_factory(GST_ELEMENT(source)) : nullptr;
  return factory ? GST_OBJECT_NAME(factory) : "pipeline";
}

}  // namespace

Result<std::string> fill_launch_line(const std::string& line,
                                     const std::map<std::string, std::string>& holes) {
  const auto text = without_comments(line);
  std::string filled;
  std::size_t at = 0;
  for (;;) {
    const auto hole = text.find("${", at);
    filled += text.substr(at, hole - at);
    if (hole == std::string::npos) return filled;
    const auto end = text.find('}', hole);
    if (end == std::string::npos) return Error{"the launch line has a ${ without its }"};
    const auto name = text.substr(hole + 2, end - hole - 2);
    const auto value = holes.find(name);
    if (value == holes.end())
      return Error{fmt::format("nobody fills ${{{}}} of the launch line", name)};
    filled += quoted(value->second);
    at = end + 1;
  }
}

std::string without_hole(const std::string& line, const std::string& name) {
  const auto hole = "${" + name + "}";
  std::string kept;
  for (std::size_t at = 0; at < line.size();) {
    const auto end = std::min(line.find('\n', at), line.size() - 1) + 1;
    if (line.substr(at, end - at).find(hole) == std::string::npos)
      kept += line.substr(at, end - at);
    at = end;
  }
  return kept;
}

nlohmann::json to_json(const GstStructure* structure) {
  auto body = nlohmann::json::object();
  for (gint i = 0; i < gst_structure_n_fields(structure); ++i) {
    const auto* field = gst_structure_nth_field_name(structure, guint(i));
    if (g_str_equal(field, "running-time")) continue;
    body[field] = value_json(gst_structure_get_value(structure, field));
  }
  return body;
}

int Pipeline::live() { return live_pipelines; }

Result<std::unique_ptr<Pipeline>> Pipeline::make(const std::string& line, const LoopRef& loop,
                                                 const std::shared_ptr<CallMedia>& media,
                                                 Listener listener) {
  GError* error = nullptr;
  auto* made = gst_parse_launch_full(line.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (error) {
    const std::string why = error->message;
    g_error_free(error);
    if (made) gst_object_unref(made);
    return Error{fmt::format("the launch line does not work: {}", why)};
  }
  gst_object_ref_sink(made);
  if (!GST_IS_PIPELINE(made)) {
    gst_object_unref(made);
    return Error{"the launch line has a single element; it needs at least two"};
  }
  std::unique_ptr<Pipeline> p(new Pipeline);
  p->pipeline_ = gst::adopt(made);
  ++live_pipelines;
  p->listener_ = std::move(listener);
  p->bus_ = gst::adopt(GST_BUS(g_object_new(GST_TYPE_BUS, "enable-async", FALSE, nullptr)));
  gst_element_set_bus(made, p->bus_.get());
  gst_bus_set_sync_handler(p->bus_.get(), on_message, p.get(), nullptr);
  gst_element_set_context(made, gst::make_context(loop).get());
  gst_element_set_context(made, gst::make_context(media).get());
  return p;
}

Pipeline::~Pipeline() {
  if (!pipeline_) return;
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  --live_pipelines;
}

GstBusSyncReply Pipeline::on_message(GstBus*, GstMessage* message, gpointer me) {
  auto& listener = static_cast<Pipeline*>(me)->listener_;
  const auto* structure = gst_message_get_structure(message);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT && structure) {
    const std::string name = gst_structure_get_name(structure);
    if (name.starts_with("parley-")) listener.told(name.substr(7), to_json(structure));
  } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError* error = nullptr;
    gchar* debug = nullptr;
    gst_message_parse_error(message, &error, &debug);
    listener.failed(source_of(message),
                    fmt::format("{}{}{}", error->message, debug ? ": " : "", debug ? debug : ""));
    g_error_free(error);
    g_free(debug);
  }
  gst_message_unref(message);
  return GST_BUS_DROP;
}

Status Pipeline::change(GstState state) {
  if (gst_element_set_state(pipeline_.get(), state) == GST_STATE_CHANGE_FAILURE)
    return Error{fmt::format("the pipeline does not reach {}", gst_element_state_get_name(state))};
  return ok();
}

Status Pipeline::prepare() { return change(GST_STATE_PAUSED); }
Status Pipeline::play() { return change(GST_STATE_PLAYING); }

void Pipeline::stop(Workers& workers) {
  if (!pipeline_) return;
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  gst_bus_set_sync_handler(bus_.get(), nullptr, nullptr, nullptr);
  bus_ = {};
  auto* last = pipeline_.release();
  const auto free = [last] {
    gst_object_unref(last);
    --live_pipelines;
  };
  if (!workers.submit(free)) free();
}

void Pipeline::set(const char* element, const char* property, const std::string& value) {
  const auto found = gst::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), element));
  if (found) gst_util_set_object_arg(G_OBJECT(found.get()), property, value.c_str());
}

void Pipeline::signal(const char* element, const char* signal, const std::string& text) {
  const auto found = gst::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), element));
  if (found) g_signal_emit_by_name(found.get(), signal, text.c_str());
}

}  // namespace parley
