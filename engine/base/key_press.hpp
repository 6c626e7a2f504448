// key_press: a key of the far end's telephone, whichever way it came: as a telephone event, as a
// tone, or by SIP INFO.
//
// Threads: pure.
#pragma once

namespace parley {

struct KeyPress {
  char digit = 0;  // 0-9 * # A-D
  unsigned duration_ms = 0;

  bool operator==(const KeyPress&) const = default;
};

}  // namespace parley
