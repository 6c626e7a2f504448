// wire: a bare UDP socket that speaks SIP as the test writes it, and reads what comes back.
#pragma once

#include <optional>
#include <string>

namespace parley::sip {

class Wire {
 public:
  explicit Wire(const std::string& peer = {});  // "127.0.0.1:port"; none: whoever sends first
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  std::string address() const;
  void send(const std::string& datagram);
  // The next datagram; nothing when none comes within the time.
  std::optional<std::string> receive(int timeout_ms = 5000);
  // The next response with that status; others before it are dropped.
  std::string response(int code);

  // A request of a dialog of this wire's: line ends and length as they travel. `to_tag` from
  // tag_of().
  std::string request(const std::string& method, int cseq, const std::string& body = "",
                      const std::string& to_tag = "", const std::string& more = "") const;

 private:
  std::string peer_;
  int fd_ = -1;
};

std::string tag_of(const std::string& response);  // of its To
std::string header_of(const std::string& message, const std::string& name);

}  // namespace parley::sip
