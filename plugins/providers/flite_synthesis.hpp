// flite_synthesis: text to samples by flite, the same samples for the same text.
//
// The voices rms and slt take noise from the process's rand(): one text at a time, with a seed made
// of the text. Debian's flite 2.2; voices rms, slt and kal16, all 16 kHz.
//
// Threads: any that may block: 12 ms of processor time for a second of rms and more.
#pragma once

#include <string>
#include <variant>

#include "plugins/providers/tts.hpp"

namespace parley {

std::variant<Speech, Failure> flite_synthesize(const TtsOptions& options, const std::string& text);

}  // namespace parley
