// api: the table of the server's routes, and what a console's commands do.
//
// Threads: the control thread's.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/control/backend.hpp"
#include "engine/control/protocol.hpp"
#include "engine/control/routes.hpp"

namespace parley::control {

// `own_health` is what the control server says of itself. `backend` outlives the table.
std::vector<Route> api_routes(const Backend& backend, std::function<nlohmann::json()> own_health);

// call.dial, call.say, call.dtmf, call.hangup: what the ack carries besides its id.
Result<nlohmann::json> run(const Backend& backend, const Command& command);

}  // namespace parley::control
