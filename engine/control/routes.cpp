#include "engine/control/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "engine/base/log.hpp"

namespace parley::control {
namespace {

using Holes = std::map<std::string, std::string>;

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> out;
  for (std::size_t start = 1; start <= path.size();) {
    const auto slash = std::min(path.find('/', start), path.size());
    out.push_back(path.substr(start, slash - start));
    start = slash + 1;
  }
  return out;
}

std::optional<Holes> match(std::string_view pattern, std::string_view path) {
  const auto want = segments(pattern), have = segments(path);
  if (want.size() != have.size()) return {};
  Holes holes;
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (want[i].starts_with('{')) {
      if (have[i].empty()) return {};
      holes[std::string(want[i].substr(1, want[i].size() - 2))] = have[i];
    } else if (want[i] != have[i]) {
      return {};
    }
  }
  return holes;
}

// A literal path beats one with holes: the table's order decides nothing.
std::optional<Holes> match_any(const Route& route, std::string_view path) {
  if (auto holes = match(route.path, path)) return holes;
  for (const auto& alias : route.aliases)
    if (auto holes = match(alias, path)) return holes;
  return {};
}

Response run(const Route& route, const Request& request) {
  try {
    return route.handler(request);
  } catch (const std::exception& e) {
    log::error("control", "", "{} {} failed: {}", route.method, route.path, e.what());
    return problem(500, "The server failed to answer; its log says why.");
  }
}

nlohmann::json holes_of(const std::string& path) {
  auto out = nlohmann::json::array();
  for (const auto segment : segments(path))
    if (segment.starts_with('{'))
      out.push_back({{"name", segment.substr(1, segment.size() - 2)},
                     {"in", "path"},
                     {"required", true},
                     {"schema", {{"type", "string"}}}});
  return out;
}

nlohmann::json content(const std::string& schema, const std::string& type = "application/json") {
  if (schema.empty()) return {{type, nlohmann::json::object()}};
  return {{type, {{"schema", {{"$ref", "#/components/schemas/" + schema}}}}}};
}

nlohmann::json operation(const Route& route, const std::string& path) {
  nlohmann::json parameters = holes_of(path);
  for (const auto& p : route.parameters)
    parameters.push_back({{"name", p.name},
                          {"in", "query"},
                          {"required", false},
                          {"description", p.description},
                          {"schema", p.schema}});
  nlohmann::json out = {
      {"summary", route.summary}, {"parameters", parameters}, {"x-permission", route.permission}};
  if (!route.request_schema.empty())
    out["requestBody"] = {{"required", true}, {"content", content(route.request_schema)}};
  if (route.websocket)
    out["responses"]["101"] = {{"description", "A WebSocket; see schema/control.json"}};
  else
    out["responses"]["200"] = {{"description", "OK"},
                               {"content", content(route.response_schema, route.response_type)}};
  out["responses"]["default"] = {{"description", "Why not"}, {"content", content("Problem")}};
  return out;
}

}  // namespace

Response json_response(const nlohmann::json& body, int status) {
  // What a caller's name or a driver's message holds need not be UTF-8; the wire does.
  return {.status = status,
          .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

Response problem(int status, std::string_view detail) {
  return json_response({{"detail", detail}}, status);
}

Response Routes::answer(Request request) const {
  const bool head = request.method == "HEAD";
  if (head) request.method = "GET";
  const Route* hit = nullptr;
  std::vector<std::string> allowed;
  for (const auto& route : table_) {
    auto holes = match_any(route, request.path);
    if (!holes) continue;
    if (std::find(allowed.begin(), allowed.end(), route.method) == allowed.end())
      allowed.push_back(route.method);
    if (route.method != request.method || (hit && !holes->empty())) continue;
    hit = &route;
    request.holes = std::move(*holes);
  }
  if (hit) return run(*hit, request);
  if (allowed.empty())
    return problem(404, fmt::format("There is nothing at {}; /openapi.json lists what there is.",
                                    request.path.substr(0, 200)));
  if (std::find(allowed.begin(), allowed.end(), "GET") != allowed.end()) allowed.push_back("HEAD");
  auto response =
      problem(405, fmt::format("{} does not take {}; it takes {}.", request.path.substr(0, 200),
                               request.method, fmt::join(allowed, ", ")));
  response.headers.emplace_back("allow", fmt::format("{}", fmt::join(allowed, ", ")));
  return response;
}

bool Routes::websocket(std::string_view path) const {
  return std::any_of(table_.begin(), table_.end(),
                     [&](const Route& r) { return r.websocket && match_any(r, path); });
}

nlohmann::json openapi(const std::vector<Route>& table, const nlohmann::json& schemas,
                       std::string_view version) {
  nlohmann::json paths = nlohmann::json::object();
  for (const auto& route : table) {
    if (route.summary.empty()) continue;
    std::string method = route.method;
    for (char& c : method) c = char(std::tolower(static_cast<unsigned char>(c)));
    paths[route.path][method] = operation(route, route.path);
    for (const auto& alias : route.aliases) paths[alias][method] = operation(route, alias);
  }
  return {{"openapi", "3.1.0"},
          {"info", {{"title", "Parley"}, {"version", version}}},
          {"paths", paths},
          {"components", {{"schemas", schemas}}}};
}

}  // namespace parley::control
