#include "engine/control/routes.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace parley::control;
using nlohmann::json;

namespace {

Routes routes() {
  const auto say = [](std::string what) {
    return [what](const Request& r) {
      json out = {{"route", what}};
      for (const auto& [name, value] : r.holes) out[name] = value;
      return json_response(out);
    };
  };
  return Routes({
      {.method = "GET",
       .path = "/things/{id}",
       .handler = say("one"),
       .summary = "One",
       .response_schema = "Thing"},
      {.method = "GET", .path = "/things/first", .handler = say("first")},
      {.method = "GET",
       .path = "/things",
       .handler = say("all"),
       .aliases = {"/old/things"},
       .summary = "All",
       .parameters = {{"limit", "How many", {{"type", "integer"}}}},
       .response_schema = "Things"},
      {.method = "POST",
       .path = "/things",
       .handler = say("make"),
       .permission = "things.write",
       .summary = "Make",
       .request_schema = "NewThing",
       .response_schema = "Thing"},
      {.method = "POST",
       .path = "/broken",
       .handler = [](const Request&) -> Response { throw std::runtime_error("boom"); }},
      {.method = "GET", .path = "/", .handler = say("root")},
      {.method = "GET", .path = "/ws", .handler = say("ws"), .websocket = true},
  });
}

json body(const Response& response) { return json::parse(response.body); }

}  // namespace

TEST_CASE("routes: a path finds its route; a literal one beats a hole; an alias is the same") {
  const auto r = routes();
  CHECK(body(r.answer({.method = "GET", .path = "/things"}))["route"] == "all");
  CHECK(body(r.answer({.method = "GET", .path = "/old/things"}))["route"] == "all");
  CHECK(body(r.answer({.method = "POST", .path = "/things"}))["route"] == "make");
  CHECK(body(r.answer({.method = "GET", .path = "/"}))["route"] == "root");
  CHECK(body(r.answer({.method = "GET", .path = "/things/first"})) == json({{"route", "first"}}));
  CHECK(body(r.answer({.method = "GET", .path = "/things/7"})) ==
        json({{"route", "one"}, {"id", "7"}}));
  CHECK(body(r.answer({.method = "HEAD", .path = "/things"}))["route"] == "all");
}

TEST_CASE("routes: 404, 405 with Allow, 500 for a handler that throws, each with a detail") {
  const auto r = routes();
  for (const char* path : {"/nothing", "/things/", "/things/7/8", "//things", "", "things"}) {
    CAPTURE(path);
    const auto answer = r.answer({.method = "GET", .path = path});
    CHECK(answer.status == 404);
    CHECK(body(answer)["detail"].is_string());
  }
  const auto wrong = r.answer({.method = "DELETE", .path = "/things"});
  CHECK(wrong.status == 405);
  REQUIRE(wrong.headers.size() == 1);
  CHECK(wrong.headers[0] == std::pair<std::string, std::string>("allow", "GET, POST, HEAD"));
  const auto broken = r.answer({.method = "POST", .path = "/broken"});
  CHECK(broken.status == 500);
  CHECK(broken.body.find("boom") == std::string::npos);
}

TEST_CASE("routes: a WebSocket is where the table says") {
  CHECK(routes().websocket("/ws"));
  CHECK_FALSE(routes().websocket("/things"));
  CHECK_FALSE(routes().websocket("/ws/x"));
}

TEST_CASE("routes: the description says what the table says") {
  const auto d = openapi(routes().table(), {{"Thing", {{"type", "object"}}}}, "1.2.3");
  CHECK(d["info"]["version"] == "1.2.3");
  CHECK(d["paths"].contains("/old/things"));
  CHECK_FALSE(d["paths"].contains("/"));  // no part of the API
  const auto& post = d["paths"]["/things"]["post"];
  CHECK(post["x-permission"] == "things.write");
  CHECK(post["requestBody"]["content"]["application/json"]["schema"]["$ref"] ==
        "#/components/schemas/NewThing");
  CHECK(d["paths"]["/things"]["get"]["parameters"][0]["name"] == "limit");
  CHECK(d["paths"]["/things/{id}"]["get"]["parameters"][0]["in"] == "path");
  CHECK(d["components"]["schemas"].contains("Thing"));
}
