// schemas: schema/api.json, built in. Part of /openapi.json.
#pragma once

#include <nlohmann/json.hpp>

namespace parley::control {

const nlohmann::json& api_schemas();  // name -> JSON Schema
const char* version();

}  // namespace parley::control
