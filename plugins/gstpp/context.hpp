// context: a shared_ptr handed from element to element (and from the engine) as a GstContext.
//
// An element looks in the order GStreamer prescribes: what it was given, then its neighbours by a
// CONTEXT query, then a NEED_CONTEXT message; when nobody has one it makes one.
#pragma once

#include <gst/gst.h>

#include <memory>

#include "plugins/gstpp/ptr.hpp"

namespace parley::gst {

// T names itself: static constexpr const char* context_type = "parley.loop";
template <class T>
struct ContextTraits;

template <class T>
GType shared_type() {
  static const GType type = g_boxed_type_register_static(
      ContextTraits<T>::type_name,
      [](gpointer p) -> gpointer {
        return new std::shared_ptr<T>(*static_cast<std::shared_ptr<T>*>(p));
      },
      [](gpointer p) { delete static_cast<std::shared_ptr<T>*>(p); });
  return type;
}

template <class T>
Ref<GstContext> make_context(const std::shared_ptr<T>& value) {
  auto* context = gst_context_new(ContextTraits<T>::context_type, TRUE);
  gst_structure_set(gst_context_writable_structure(context), "value", shared_type<T>(), &value,
                    nullptr);
  return adopt(context);
}

// Empty when `context` is of another type.
template <class T>
std::shared_ptr<T> from_context(GstContext* context) {
  if (!context || !gst_context_has_context_type(context, ContextTraits<T>::context_type)) return {};
  std::shared_ptr<T>* value = nullptr;
  gst_structure_get(gst_context_get_structure(context), "value", shared_type<T>(), &value, nullptr);
  if (!value) return {};
  auto found = *value;
  delete value;
  return found;
}

// What the neighbour of `pad` (or one beyond it) answers to a CONTEXT query.
template <class T>
std::shared_ptr<T> ask_neighbour(GstPad* pad) {
  if (!pad) return {};
  const auto query = adopt(gst_query_new_context(ContextTraits<T>::context_type));
  if (!gst_pad_peer_query(pad, query.get())) return {};
  GstContext* context = nullptr;
  gst_query_parse_context(query.get(), &context);
  return from_context<T>(context);
}

// True: `query` asks for a T; answered with `value`, or passed on through `onward`.
template <class T>
bool is_context_query(GstQuery* query) {
  const gchar* type = nullptr;
  return GST_QUERY_TYPE(query) == GST_QUERY_CONTEXT && gst_query_parse_context_type(query, &type) &&
         g_str_equal(type, ContextTraits<T>::context_type);
}

template <class T>
bool answer_context_query(GstQuery* query, const std::shared_ptr<T>& value, GstPad* onward) {
  if (!value) return onward && gst_pad_peer_query(onward, query);
  gst_query_set_context(query, make_context(value).get());
  return true;
}

}  // namespace parley::gst
