#include "engine/sip/door.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/sip/request_check.hpp"
#include "engine/sip/stack.hpp"

namespace parley::sip {
namespace {

std::string address_of(const sa& source) {
  char out[64] = "";
  sa_ntop(&source, out, sizeof(out));
  return out;
}

// Phones and proxies send these to keep a NAT's door open.
bool is_keepalive(std::string_view datagram) {
  return datagram.size() <= 4 && std::all_of(datagram.begin(), datagram.end(), [](char c) {
           return c == '\r' || c == '\n' || c == '\0';
         });
}

bool libre_reads(mbuf* datagram) {
  const auto position = datagram->pos;
  sip_msg* message = nullptr;
  const bool fine = sip_msg_decode(&message, datagram) == 0;
  if (fine) mem_deref(message);
  datagram->pos = position;
  return fine;
}

}  // namespace

Status Door::stand_at(udp_sock* socket) {
  socket_ = socket;
  if (const int err = udp_register_helper(helper_.out(), socket, 0, nullptr, on_datagram, this))
    return Error{fmt::format("cannot stand at the SIP socket: {}", error_text(err))};
  return ok();
}

bool Door::on_datagram(sa* source, mbuf* datagram, void* self) {
  return !static_cast<Door*>(self)->passes(*source, datagram);
}

bool Door::admitted(const sa& source) {
  if (sa_is_loopback(&source) && !options_.limit_loopback) return true;
  return limiter_.admit(address_of(source), monotonic());
}

bool Door::passes(const sa& source, mbuf* datagram) {
  ++counters_.received;
  if (!admitted(source)) return ++counters_.limited, false;
  const std::string_view all(reinterpret_cast<const char*>(mbuf_buf(datagram)),
                             mbuf_get_left(datagram));
  if (is_keepalive(all)) return false;
  const auto message = read_message(all);
  if (!message) return ++counters_.garbage, false;
  if (message->is_response()) {
    if (!response_is_sound(*message)) return ++counters_.garbage, false;
  } else if (const auto refusal = check_request(*message)) {
    return refuse(source, *message, *refusal), false;
  }
  // A datagram may carry more than its message says.
  const auto body = body_size(*message).value_or(message->body.size());
  datagram->end = datagram->pos + message->head_size + body;
  if (libre_reads(datagram)) return true;
  refuse(source, *message, {.code = 400, .phrase = "Bad Request"});
  return false;
}

void Door::refuse(const sa& source, const Message& request, const Refusal& refusal) {
  const auto* call_id = request.header("call-id");
  const auto tag = fmt::format("{:016x}", std::hash<std::string>()(call_id ? *call_id : ""));
  const auto port = sa_port(&source);
  const auto text =
      write_refusal(request, refusal, address_of(source), port, tag, options_.user_agent);
  if (!text) {
    ++counters_.garbage;
    return;
  }
  ++counters_.refused;
  sa to = source;
  sa_set_port(&to, std::uint16_t(answer_port(request, port)));
  Re<mbuf> out(mbuf_alloc(text->size()));
  if (!out) return;
  mbuf_write_mem(out.get(), reinterpret_cast<const std::uint8_t*>(text->data()), text->size());
  out.get()->pos = 0;
  (void)udp_send(socket_, &to, out.get());  // lost like any datagram; the request comes again
}

}  // namespace parley::sip
