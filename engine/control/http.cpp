#include "engine/control/http.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace parley::control {
namespace {

constexpr std::size_t head_bytes_max = 4096;
constexpr std::size_t chunk_bytes = 32'768;

const char* method_name(int method) {
  static constexpr std::array<std::pair<int, const char*>, 8> names = {{
      {LWSHUMETH_GET, "GET"},
      {LWSHUMETH_POST, "POST"},
      {LWSHUMETH_OPTIONS, "OPTIONS"},
      {LWSHUMETH_PUT, "PUT"},
      {LWSHUMETH_PATCH, "PATCH"},
      {LWSHUMETH_DELETE, "DELETE"},
      {LWSHUMETH_CONNECT, "CONNECT"},
      {LWSHUMETH_HEAD, "HEAD"},
  }};
  for (const auto& [number, name] : names)
    if (number == method) return name;
  return "";
}

void read_query(lws* wsi, Request& request) {
  std::string part(std::size_t(lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS)) + 1, '\0');
  for (int i = 0;; ++i) {
    const int n =
        lws_hdr_copy_fragment(wsi, part.data(), int(part.size()), WSI_TOKEN_HTTP_URI_ARGS, i);
    if (n < 0) return;
    const std::string text(part.data(), std::size_t(n));
    const auto equals = text.find('=');
    if (!text.empty())
      request.query[text.substr(0, equals)] =
          equals == std::string::npos ? "" : text.substr(equals + 1);
  }
}

struct Head {
  std::array<unsigned char, LWS_PRE + head_bytes_max> bytes{};
  unsigned char* at = bytes.data() + LWS_PRE;
  unsigned char* start() { return bytes.data() + LWS_PRE; }
  unsigned char* end() { return bytes.data() + bytes.size(); }

  bool add(lws* wsi, const std::string& name, const std::string& value) {
    const auto with_colon = name + ":";
    return lws_add_http_header_by_name(wsi,
                                       reinterpret_cast<const unsigned char*>(with_colon.c_str()),
                                       reinterpret_cast<const unsigned char*>(value.data()),
                                       int(value.size()), &at, end()) == 0;
  }
};

}  // namespace

std::string header(lws* wsi, lws_token_indexes token) {
  const int length = lws_hdr_total_length(wsi, token);
  if (length <= 0) return {};
  std::string value(std::size_t(length) + 1, '\0');
  const int n = lws_hdr_copy(wsi, value.data(), int(value.size()), token);
  value.resize(n > 0 ? std::size_t(n) : 0);
  return value;
}

Request read_request(lws* wsi) {
  Request request;
  char* path = nullptr;
  int length = 0;
  const int method = lws_http_get_uri_and_method(wsi, &path, &length);
  request.method = method_name(method);
  if (method >= 0 && path) request.path.assign(path, std::size_t(length));
  read_query(wsi, request);
  return request;
}

std::optional<std::uint64_t> body_length(lws* wsi) {
  if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) return {};
  const auto text = header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
  if (text.empty()) return 0;
  std::uint64_t length = 0;
  const auto* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, length);
  if (error != std::errc{} || last != end) return {};
  return length;
}

Answer::Answer(Response response, bool head_only) : response_(std::move(response)) {
  if (head_only || response_.body.empty()) return;
  body_.resize(LWS_PRE);
  body_.insert(body_.end(), response_.body.begin(), response_.body.end());
}

bool Answer::start(lws* wsi) {
  Head head;
  if (lws_add_http_common_headers(wsi, unsigned(response_.status), response_.type.c_str(),
                                  response_.body.size(), &head.at, head.end()))
    return false;
  if (!head.add(wsi, "x-content-type-options", "nosniff")) return false;
  for (const auto& [name, value] : response_.headers)
    if (!head.add(wsi, name, value)) return false;
  return lws_finalize_write_http_header(wsi, head.start(), &head.at, head.end()) == 0;
}

Answer::Step Answer::write(lws* wsi) {
  if (body_.empty()) return Step::done;
  const std::size_t left = body_.size() - LWS_PRE - sent_;
  const std::size_t n = std::min(left, chunk_bytes);
  const bool last = n == left;
  // What stands before the chunk has been sent: lws may use it as its LWS_PRE.
  if (lws_write(wsi, body_.data() + LWS_PRE + sent_, n,
                last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
    return Step::broken;
  sent_ += n;
  return last ? Step::done : Step::more;
}

}  // namespace parley::control
