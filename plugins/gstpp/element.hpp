// Writing GStreamer elements as plain C++ classes.
//
// GObject allocates every element instance; Element<Impl> keeps one C++ Impl in the instance's
// private area, so that constructors, destructors, members and exceptions work as anywhere else:
//
//   struct Settings { ... };                          // what g_object_set reaches, under a lock
//   class Vad final : public gst::Element<Vad, Settings> {
//    public:
//     static constexpr gst::Description about{...};   // what gst-inspect-1.0 shows
//     static constexpr auto properties = std::tuple{...};
//     static GType parent_type() { return GST_TYPE_BASE_TRANSFORM; }
//     static void class_init(GstElementClass*);       // pad templates, and vfuncs = call<&Vad::f>
//     using Element::Element;
//   };
//   plugin_init: gst_element_register(plugin, "parleyvad", GST_RANK_NONE, Vad::type());
//
// An exception never reaches C: call<> turns it into an error message on the bus and a failed
// return.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <exception>
#include <new>
#include <tuple>
#include <type_traits>

#include "engine/base/guarded.hpp"
#include "plugins/gstpp/property.hpp"

namespace parley::gst {

struct Description {
  const char* type_name;  // GType name: "ParleyVad"
  const char* factory;    // element and log category name: "parleyvad"
  const char* long_name;
  const char* klass;  // "Filter/Analyzer/Audio"
  const char* description;
};

// The value a vfunc returns when the C++ behind it threw.
template <class R>
constexpr R failed() {
  if constexpr (std::is_same_v<R, GstFlowReturn>)
    return GST_FLOW_ERROR;
  else if constexpr (std::is_same_v<R, GstStateChangeReturn>)
    return GST_STATE_CHANGE_FAILURE;
  else if constexpr (!std::is_void_v<R>)
    return R{};
}

template <class Impl, class Settings>
class Element {
 public:
  static GType type() {
    static const GType registered = register_type();
    return registered;
  }
  static Impl& of(gpointer instance) {
    return *static_cast<Impl*>(G_STRUCT_MEMBER_P(instance, private_offset_));
  }

  GstElement* self() const { return self_; }
  // The settings as they are now. On the element's loop (or streaming thread) only: the answer is a
  // copy of that side's own, renewed when a property has changed; no lock and no copy a buffer.
  const Settings& settings() {
    if (const auto changes = changes_.load(std::memory_order_acquire); changes != seen_changes_) {
      seen_changes_ = changes;
      current_ = settings_.snapshot();
    }
    return current_;
  }

  // Another number than before when a property has been set since: cheaper than to compare them.
  unsigned revision() const { return changes_.load(std::memory_order_acquire); }

  static GstDebugCategory* log() { return log_; }

 protected:
  explicit Element(GstElement* self) : self_(self) {}

  template <class Class>
  static Class* parent() {
    return static_cast<Class*>(parent_class_);
  }

 private:
  static GType register_type() {
    GTypeQuery base;
    g_type_query(Impl::parent_type(), &base);
    GTypeInfo info{};
    info.class_size = guint16(base.class_size);
    info.instance_size = guint16(base.instance_size);
    info.class_init = [](gpointer klass, gpointer) { class_init(klass); };
    info.instance_init = [](GTypeInstance* instance, gpointer) {
      new (&of(instance)) Impl(GST_ELEMENT_CAST(instance));
    };
    const GType t =
        g_type_register_static(Impl::parent_type(), Impl::about.type_name, &info, GTypeFlags(0));
    private_offset_ = g_type_add_instance_private(t, sizeof(Impl));
    return t;
  }

  static void class_init(gpointer klass) {
    g_type_class_adjust_private_offset(klass, &private_offset_);
    parent_class_ = g_type_class_peek_parent(klass);
    constexpr auto& about = Impl::about;
    GST_DEBUG_CATEGORY_INIT(log_, about.factory, 0, about.long_name);

    auto* object = G_OBJECT_CLASS(klass);
    object->finalize = [](GObject* o) {
      of(o).~Impl();
      G_OBJECT_CLASS(parent_class_)->finalize(o);
    };
    object->set_property = [](GObject* o, guint id, const GValue* v, GParamSpec*) {
      of(o).settings_.with([&](auto& s) {
        visit(id, [&](auto& p) {
          s.*p.member = load<std::remove_reference_t<decltype(s.*p.member)>>(v);
        });
      });
      of(o).changes_.fetch_add(1, std::memory_order_release);
    };
    object->get_property = [](GObject* o, guint id, GValue* v, GParamSpec*) {
      const auto s = of(o).settings_.snapshot();
      visit(id, [&](auto& p) { store(v, s.*p.member); });
    };
    guint id = 0;
    std::apply([&](auto&... p) { (g_object_class_install_property(object, ++id, spec(p)), ...); },
               Impl::properties);

    gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), about.long_name, about.klass,
                                          about.description, "Parley");
    Impl::class_init(GST_ELEMENT_CLASS(klass));
  }

  template <class F>
  static void visit(guint id, F&& f) {
    guint i = 0;
    std::apply([&](auto&... p) { ((++i == id ? f(p) : void()), ...); }, Impl::properties);
  }

  static inline gint private_offset_ = 0;
  static inline gpointer parent_class_ = nullptr;
  static inline GstDebugCategory* log_ = nullptr;

  GstElement* const self_;
  Guarded<Settings> settings_;
  std::atomic<unsigned> changes_ = 0;
  unsigned seen_changes_ = 0;
  Settings current_{};
};

// A C vfunc that calls a member function: trans->transform_ip = call<&Vad::transform_ip>;
// The compiler checks the signature; the method may return bool where C wants gboolean.
template <auto Method>
struct Call;
template <class Impl, class R, class... Args, R (Impl::*Method)(Args...)>
struct Call<Method> {
  template <class CR, class Self>
  using Fn = CR (*)(Self*, Args...);

  template <class CR, class Self>
  constexpr operator Fn<CR, Self>() const {
    return [](Self* self, Args... args) -> CR {
      try {
        return static_cast<CR>((Impl::of(self).*Method)(args...));
      } catch (const std::exception& e) {
        GST_ELEMENT_ERROR(GST_ELEMENT_CAST(self), LIBRARY, FAILED, (nullptr), ("%s", e.what()));
        return failed<CR>();
      }
    };
  }
};
template <auto Method>
inline constexpr Call<Method> call{};

}  // namespace parley::gst
