// allocations: what a stretch of a test asks malloc for, and in whose name.
//
// Linked into a test program it stands before the C library's malloc, so that operator new, GLib
// and every library are counted too; G_SLICE=always-malloc makes GLib's small objects visible. An
// allocation belongs to the first on its stack that is no general library: GStreamer for its
// buffers, a codec's or a cipher's library, this program for ours.
//
// Threads: counts the thread that made it. Not for sanitizers: they bring a malloc of their own.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace parley::test {

class Allocations {
 public:
  Allocations();  // from here on
  ~Allocations();
  Allocations(const Allocations&) = delete;
  Allocations& operator=(const Allocations&) = delete;

  struct Count {
    std::uint64_t ours = 0, gstreamer = 0, libraries = 0;
    // Where all but GStreamer's were asked for, "program+0x1234": for addr2line -Cfie.
    std::map<std::string, std::uint64_t> sites{};
  };
  Count stop();
};

}  // namespace parley::test
