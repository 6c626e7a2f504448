// print: what the command line shows people: events as lines, calls as a table, a call as a page.
//
// Pure: JSON as the control server sends it in, text out. A field that is missing is shown empty.
//
// Threads: the caller's.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace parley::cli {

std::string status_text(const nlohmann::json& health);
std::string calls_text(const nlohmann::json& page);
std::string call_text(const nlohmann::json& call);  // with its transcript

// "10:02:11.140  3fa2c1  agent speaks    Good morning. (312 ms)"
std::string event_line(const nlohmann::json& event);

// Says something about the conversation; the others are shown when everything is asked for.
bool is_for_people(const nlohmann::json& event);

// The end of an id, as log lines and tables show it.
std::string short_id(const std::string& id);

}  // namespace parley::cli
