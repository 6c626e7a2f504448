// Owning handles for GStreamer objects.
//
// Ref<T> owns one reference; adopt() takes over a reference the caller was given ("transfer full"),
// retain() adds one to a borrowed pointer ("transfer none"). A raw pointer in our code never owns.
#pragma once

#include <gst/gst.h>

#include <utility>

namespace parley::gst {

template <class T>
struct RefTraits {  // GObject family: GstElement, GstPad, GstBus, GstClock ...
  static void ref(T* p) { gst_object_ref(p); }
  static void unref(T* p) { gst_object_unref(p); }
};

template <class T>
struct MiniObjectTraits {
  static void ref(T* p) { gst_mini_object_ref(GST_MINI_OBJECT_CAST(p)); }
  static void unref(T* p) { gst_mini_object_unref(GST_MINI_OBJECT_CAST(p)); }
};
template <>
struct RefTraits<GstBuffer> : MiniObjectTraits<GstBuffer> {};
template <>
struct RefTraits<GstQuery> : MiniObjectTraits<GstQuery> {};
template <>
struct RefTraits<GstContext> : MiniObjectTraits<GstContext> {};
template <>
struct RefTraits<GstCaps> : MiniObjectTraits<GstCaps> {};
template <>
struct RefTraits<GstEvent> : MiniObjectTraits<GstEvent> {};
template <>
struct RefTraits<GstMessage> : MiniObjectTraits<GstMessage> {};
template <>
struct RefTraits<GstSample> : MiniObjectTraits<GstSample> {};

template <class T>
class [[nodiscard]] Ref {
 public:
  Ref() = default;
  Ref(Ref&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Ref(const Ref& o) : p_(o.p_) {
    if (p_) RefTraits<T>::ref(p_);
  }
  Ref& operator=(Ref o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Ref() {
    if (p_) RefTraits<T>::unref(p_);
  }

  static Ref adopt(T* p) {
    Ref r;
    r.p_ = p;
    return r;
  }
  static Ref retain(T* p) {
    if (p) RefTraits<T>::ref(p);
    return adopt(p);
  }

  T* get() const { return p_; }
  T* release() { return std::exchange(p_, nullptr); }  // for a "transfer full" parameter
  explicit operator bool() const { return p_; }

 private:
  T* p_ = nullptr;
};

template <class T>
Ref<T> adopt(T* p) {
  return Ref<T>::adopt(p);
}
template <class T>
Ref<T> retain(T* p) {
  return Ref<T>::retain(p);
}

}  // namespace parley::gst
