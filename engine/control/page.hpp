// page: the console's files: those built into the program, or a folder's while the page is being
// worked on.
//
// Threads: pure; read once, at start.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/control/routes.hpp"

namespace parley::control {

struct Asset {
  std::string path;  // "/", "/console.js"
  std::string type;
  std::string body;
};

std::vector<Asset> embedded_page();  // written by tools/console/build.mjs
Result<std::vector<Asset>> page_from(const std::string& directory);

// A route for each, with the headers that keep the page from doing what it has no reason to do.
std::vector<Route> page_routes(std::vector<Asset> assets);

}  // namespace parley::control
