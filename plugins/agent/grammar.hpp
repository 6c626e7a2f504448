// grammar: what may be said at a step, as JSGF for a local recogniser.
//
// A closed step's grammar is the answer with a few words around it that people use ("this is ...",
// "... speaking"), or a command. Words around an answer carry nothing, so a loop of common ones
// stands in front of it and wordings that nobody wrote down are heard too.
// Threads: none; pure functions.
#pragma once

#include <string>
#include <vector>

#include "plugins/agent/agent.hpp"

namespace parley {

enum class Asking { value, confirmation, spelling };

// Empty for free text: there is no grammar of that.
std::string grammar_of(const Ask& ask, Asking asking, const std::vector<Command>& commands);

// "Alice Johnson": "a l i c e", "j o h n s o n", "a l i c e j o h n s o n".
std::vector<std::string> spellings_of(const std::string& choice);

}  // namespace parley
