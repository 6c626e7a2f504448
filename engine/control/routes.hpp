// routes: the one table of what the server answers over HTTP, and the search in it.
//
// Each route names its method, its path with {id} holes, the permission it will ask for, and its
// schemas; /openapi.json is written from the same table, so it cannot say anything else.
//
// Threads: pure; handlers run on the control thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::control {

// A part of a file that is read as the socket takes it.
struct FilePart {
  std::string path{};
  std::uint64_t offset = 0, bytes = 0;
};

struct Request {
  std::string method{};
  std::string path{};
  std::map<std::string, std::string> query{};
  std::map<std::string, std::string> holes{};  // {id} -> what stands there
  std::string range{};                         // the header Range; empty: all of it
  std::string body{};
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::optional<FilePart> file{};  // in place of the body
};

Response json_response(const nlohmann::json& body, int status = 200);
Response problem(int status, std::string_view detail);  // {"detail": "..."}

struct Parameter {
  std::string name;
  std::string description;
  nlohmann::json schema;
};

struct Route {
  std::string method;
  std::string path;
  std::function<Response(const Request&)> handler;
  std::string permission{};             // empty: for everybody
  std::vector<std::string> aliases{};   // further paths with the same holes
  std::string summary{};                // empty: not part of the API (the page's files)
  std::vector<Parameter> parameters{};  // of the query
  std::string request_schema{};         // names in schema/api.json
  std::string response_schema{};
  std::string response_type = "application/json";
  bool websocket = false;  // an upgrade is expected here
};

class Routes {
 public:
  explicit Routes(std::vector<Route> table) : table_(std::move(table)) {}

  // 404, 405 with Allow, 500 for a handler that throws; HEAD is GET without a body.
  Response answer(Request request) const;
  // Whether a WebSocket may be opened at `path`.
  bool websocket(std::string_view path) const;

  const std::vector<Route>& table() const { return table_; }

 private:
  std::vector<Route> table_;
};

// The description of the table's API; `schemas` is components/schemas.
nlohmann::json openapi(const std::vector<Route>& table, const nlohmann::json& schemas,
                       std::string_view version);

}  // namespace parley::control
