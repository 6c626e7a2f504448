#include "engine/control/http.hpp"

#include <fcntl.h>
#include <unistd.h>

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
  request.range = header(wsi, WSI_TOKEN_HTTP_RANGE);
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
  bytes_ = response_.file ? response_.file->bytes : response_.body.size();
  left_ = head_only ? 0 : bytes_;
  if (left_ == 0) return;
  body_.resize(LWS_PRE);
  if (response_.file) {
    file_ = open(response_.file->path.c_str(), O_RDONLY | O_CLOEXEC);
    body_.resize(LWS_PRE + chunk_bytes);
  } else {
    body_.insert(body_.end(), response_.body.begin(), response_.body.end());
  }
}

Answer::~Answer() {
  if (file_ >= 0) close(file_);
}

bool Answer::start(lws* wsi) {
  Head head;
  if (lws_add_http_common_headers(wsi, unsigned(response_.status), response_.type.c_str(), bytes_,
                                  &head.at, head.end()))
    return false;
  if (!head.add(wsi, "x-content-type-options", "nosniff")) return false;
  for (const auto& [name, value] : response_.headers)
    if (!head.add(wsi, name, value)) return false;
  return lws_finalize_write_http_header(wsi, head.start(), &head.at, head.end()) == 0;
}

Answer::Step Answer::write(lws* wsi) {
  if (left_ == 0) return Step::done;
  const auto n = std::size_t(std::min<std::uint64_t>(left_, chunk_bytes));
  const bool last = n == left_;
  auto* chunk = body_.data() + LWS_PRE;
  if (!response_.file)
    chunk += bytes_ - left_;  // what stands before it has been sent: lws may use it as its LWS_PRE
  else if (!read_part(chunk, n))
    return Step::broken;
  if (lws_write(wsi, chunk, n, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
    return Step::broken;
  left_ -= n;
  return last ? Step::done : Step::more;
}

bool Answer::read_part(unsigned char* to, std::size_t bytes) const {
  const auto at = response_.file->offset + (bytes_ - left_);
  return file_ >= 0 && pread(file_, to, bytes, off_t(at)) == ssize_t(bytes);
}

}  // namespace parley::control
