// clauses: cuts a long sentence where a voice may breathe, so that its first part is heard early.
//
// Threads: none; a function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parley::tts {

inline constexpr std::size_t longest_piece = 120;  // bytes; a single word may be longer

// Pieces that read as `text` again when joined by a space (white space itself is not kept). A text
// of up to `longest` bytes is one piece. Cuts behind a full stop, then behind a comma or the like,
// then between words. Nothing but white space gives no pieces.
std::vector<std::string> clauses(std::string_view text, std::size_t longest = longest_piece);

}  // namespace parley::tts
