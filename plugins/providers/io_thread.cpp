#include "plugins/providers/io_thread.hpp"

#include <curl/curl.h>
#include <pthread.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "engine/base/assert.hpp"
#include "plugins/providers/chat_request.hpp"

namespace parley {
namespace {

constexpr std::size_t most_waiting = 4096;
constexpr std::size_t most_transfers = 1024;
constexpr long silence_s = 120;
constexpr int poll_ms = 1000;

CURLM* multi_handle(void* multi) { return static_cast<CURLM*>(multi); }

std::string lowered(std::string_view s) {
  std::string out(s);
  for (auto& c : out) c = char(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string host_of(const std::string& url) {
  std::string host;
  auto* parsed = curl_url();
  char* part = nullptr;
  if (curl_url_set(parsed, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
      curl_url_get(parsed, CURLUPART_HOST, &part, 0) == CURLUE_OK)
    host = part;
  curl_free(part);
  curl_url_cleanup(parsed);
  return host;
}

bool loopback(const std::string& host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace

std::string shown_url(const std::string& url) {
  auto shown = url.substr(0, url.find_first_of("?#"));
  const auto scheme = shown.find("://");
  const auto host = scheme == std::string::npos ? 0 : scheme + 3;
  const auto slash = shown.find('/', host);
  const auto at = shown.rfind('@', slash);
  if (at != std::string::npos && at >= host) shown.erase(host, at + 1 - host);
  return shown;
}

// One request under way: an easy handle inside the multi handle.
class IoThread::Transfer {
 public:
  Transfer(CURLM* multi, std::shared_ptr<HttpExchange> exchange)
      : multi_(multi),
        exchange_(std::move(exchange)),
        request_(exchange_->request()),
        easy_(curl_easy_init()) {
    PARLEY_ASSERT(easy_);
    for (const auto& h : request_.headers) headers_ = curl_slist_append(headers_, h.c_str());
    headers_ = curl_slist_append(headers_, "Expect:");  // no waiting for "100 Continue"
    set_options();
    curl_multi_add_handle(multi_, easy_);
  }
  ~Transfer() {
    curl_multi_remove_handle(multi_, easy_);
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  HttpExchange& exchange() { return *exchange_; }

  void finished(CURLcode code) {
    if (exchange_->cancelled()) return;
    if (!began_) begin();
    exchange_->end(code == CURLE_OK ? HttpEnd{} : HttpEnd{error(code), unreachable(code)});
  }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(easy_, option, value);
  }

  void set_options() {
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request_.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request_.body.size()));
    set(CURLOPT_HTTPHEADER, headers_);
    set(CURLOPT_USERAGENT, "parley");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, silence_s);
    set(CURLOPT_NOPROGRESS, 0L);
    if (loopback(host_of(request_.url))) set(CURLOPT_PROXY, "");
    set(CURLOPT_XFERINFODATA, this);
    set(
        CURLOPT_XFERINFOFUNCTION,
        +[](void* me, curl_off_t, curl_off_t, curl_off_t, curl_off_t) -> int {
          return static_cast<Transfer*>(me)->exchange_->cancelled();
        });
    set(CURLOPT_HEADERDATA, this);
    set(
        CURLOPT_HEADERFUNCTION, +[](char* p, std::size_t, std::size_t n, void* me) -> std::size_t {
          static_cast<Transfer*>(me)->header({p, n});
          return n;
        });
    set(CURLOPT_WRITEDATA, this);
    set(
        CURLOPT_WRITEFUNCTION, +[](char* p, std::size_t, std::size_t n, void* me) -> std::size_t {
          return static_cast<Transfer*>(me)->data({p, n}) ? n : CURL_WRITEFUNC_ERROR;
        });
  }

  void header(std::string_view line) {
    if (line.starts_with("HTTP/")) head_ = {};  // another answer begins, as after 100
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const auto name = lowered(line.substr(0, colon));
    auto value = std::string(line.substr(colon + 1));
    value.erase(0, value.find_first_not_of(' '));
    if (name == "content-type") head_.content_type = lowered(value);
    if (name == "retry-after-ms") head_.retry_after = parse_retry_after(value, true);
    if (name == "retry-after" && !head_.retry_after)
      head_.retry_after = parse_retry_after(value, false);
  }

  void begin() {
    began_ = true;
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    head_.status = int(status);
    if (status) exchange_->head(head_);
  }

  bool data(std::string_view bytes) {
    if (exchange_->cancelled()) return false;
    if (!began_) begin();
    return exchange_->data(bytes);
  }

  std::string error(CURLcode code) const {
    long os_error = 0;
    curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os_error);
    const bool by_system = code == CURLE_COULDNT_CONNECT && os_error != 0;
    auto text = std::string(by_system ? std::strerror(int(os_error)) : curl_easy_strerror(code));
    if (!text.empty()) text[0] = char(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
  }

  bool unreachable(CURLcode code) const {
    return head_.status == 0 && (code == CURLE_COULDNT_CONNECT || code == CURLE_GOT_NOTHING ||
                                 code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR);
  }

  CURLM* const multi_;
  const std::shared_ptr<HttpExchange> exchange_;
  const HttpRequest request_;
  CURL* const easy_;
  curl_slist* headers_ = nullptr;
  HttpHead head_;
  bool began_ = false;
};

IoThread& IoThread::shared() {
  static IoThread one;
  return one;
}

namespace {

void* make_multi() {
  static const auto ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  PARLEY_ASSERT(ready == CURLE_OK);
  auto* multi = curl_multi_init();
  PARLEY_ASSERT(multi);
  return multi;
}

}  // namespace

IoThread::IoThread()
    : multi_(make_multi()),
      mailbox_(most_waiting, [this] { curl_multi_wakeup(multi_handle(multi_)); }),
      thread_([this](std::stop_token stop) { run(stop); }) {
  pthread_setname_np(thread_.native_handle(), "parley-io");
}

IoThread::~IoThread() {
  thread_.request_stop();
  curl_multi_wakeup(multi_handle(multi_));
  thread_.join();
  transfers_.clear();
  curl_multi_cleanup(multi_handle(multi_));
}

bool IoThread::start(std::shared_ptr<HttpExchange> exchange) {
  return mailbox_.offer({std::move(exchange)});
}

void IoThread::cancel(const std::shared_ptr<HttpExchange>& exchange) {
  exchange->cancelled_.store(true, std::memory_order_release);
  // When the box is full the flag alone does it, at the next byte or within a second.
  [[maybe_unused]] const bool soon = mailbox_.offer({exchange});
}

void IoThread::take(const std::shared_ptr<HttpExchange>& exchange) {
  if (exchange->cancelled()) {
    transfers_.erase(exchange.get());
    return;
  }
  if (transfers_.size() >= most_transfers) {
    exchange->end({.error = "too many requests are under way", .unreachable = true});
    return;
  }
  auto transfer = std::make_unique<Transfer>(multi_handle(multi_), exchange);
  transfers_.emplace(exchange.get(), std::move(transfer));
}

void IoThread::collect_finished() {
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi_handle(multi_), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    transfer->finished(code);
    transfers_.erase(&transfer->exchange());
  }
}

void IoThread::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    for (const auto& message : mailbox_.take_now()) take(message.exchange);
    int running = 0;
    curl_multi_perform(multi_handle(multi_), &running);
    collect_finished();
    curl_multi_poll(multi_handle(multi_), nullptr, 0, poll_ms, nullptr);
  }
}

}  // namespace parley
