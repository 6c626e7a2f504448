#include "engine/control/page.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>

namespace parley::control {
namespace {

namespace fs = std::filesystem;

// Only its own files, its own server; in no frame. The page needs nothing else.
constexpr const char* policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const std::map<std::string, std::string> types = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
};

Result<std::string> read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string body{std::istreambuf_iterator<char>(in), {}};
  if (!in) return Error{fmt::format("{} cannot be read", file.string())};
  return body;
}

}  // namespace

Result<std::vector<Asset>> page_from(const std::string& directory) {
  std::vector<Asset> assets;
  std::error_code error;
  bool index = false;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const auto type = types.find(entry.path().extension().string());
    if (!entry.is_regular_file() || type == types.end()) continue;
    auto body = read(entry.path());
    if (!body) return Error{body.error()};
    const auto name = entry.path().filename().string();
    index = index || name == "index.html";
    assets.push_back(
        {name == "index.html" ? "/" : "/" + name, type->second, std::move(body).value()});
  }
  if (error || !index)
    return Error{fmt::format("the console's page is not in {}: it has no index.html", directory)};
  return assets;
}

std::vector<Route> page_routes(std::vector<Asset> assets) {
  std::vector<Route> routes;
  for (auto& asset : assets) {
    auto response =
        std::make_shared<Response>(Response{.type = asset.type,
                                            .body = std::move(asset.body),
                                            .headers = {{"content-security-policy", policy},
                                                        {"x-frame-options", "DENY"},
                                                        {"referrer-policy", "no-referrer"},
                                                        {"cache-control", "no-cache"}}});
    Route route{.method = "GET", .path = asset.path, .handler = [response](const Request&) {
                  return *response;
                }};
    if (asset.path == "/") route.aliases = {"/index.html"};
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace parley::control
