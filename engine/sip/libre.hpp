// libre: its headers, as C++ may include them, and handles that give its objects back.
//
// pkg-config leaves out defines that Debian's library was built with; HAVE_INET6 changes the layout
// of struct sa. engine/sip/meson.build gives them, this checks.
//
// Threads: a libre object belongs to the thread that made it, its reference count included.
#pragma once

#if !defined(HAVE_INTTYPES_H) || !defined(HAVE_STDBOOL_H) || !defined(HAVE_INET6)
#error "libre needs HAVE_INTTYPES_H, HAVE_STDBOOL_H and HAVE_INET6"
#endif

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <string_view>
#include <utility>

// They need each other in this order.
// clang-format off
extern "C" {
#include <re_types.h>
#include <re_fmt.h>
#include <re_mbuf.h>
#include <re_mem.h>
#include <re_msg.h>
#include <re_list.h>
#include <re_tmr.h>
#include <re_sa.h>
#include <re_net.h>
#include <re_main.h>
#include <re_sys.h>
#include <re_udp.h>
#include <re_uri.h>
#include <re_sip.h>
}
// clang-format on

extern "C" {
void dbg_init(int level, int flags);
}

namespace parley::sip {

// Owns one reference to a libre object.
template <class T>
class Re {
 public:
  Re() = default;
  explicit Re(T* object) : object_(object) {}
  Re(Re&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Re& operator=(Re&& other) noexcept {
    if (this != &other) {
      reset();
      object_ = std::exchange(other.object_, nullptr);
    }
    return *this;
  }
  ~Re() { reset(); }

  static Re share(const T* object) {  // libre hands out const pointers and counts all the same
    return Re(static_cast<T*>(mem_ref(const_cast<T*>(object))));
  }

  void reset() { object_ = static_cast<T*>(mem_deref(object_)); }
  T* get() const { return object_; }
  T** out() { return &object_; }  // libre fills it, and clears it when the object ends by itself
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

inline std::string_view text(const pl& part) {
  return part.p ? std::string_view(part.p, part.l) : std::string_view();
}

}  // namespace parley::sip
