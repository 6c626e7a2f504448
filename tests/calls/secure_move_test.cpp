// A whole call over real sockets, SIP and media: the caller moves it from plain RTP to SRTP and
// back by re-INVITEs while the two talk.
#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>

#include "engine/base/real_loop.hpp"
#include "engine/call/agents.hpp"
#include "engine/call/calls.hpp"
#include "engine/sip/sdp.hpp"
#include "plugins/gstpp/default_loop.hpp"
#include "plugins/rtp/srtp.hpp"
#include "tests/calls/conversation.hpp"
#include "tests/sip/wire.hpp"

using namespace parley;
using namespace parley::test;

namespace {

constexpr auto talk = R"(
say hello there my friend
wait agent to finish
pause 1500
say and what about tomorrow
wait agent to finish
pause 1500
say goodbye my friend
pause 1500
hangup
)";

// Events of several threads, to be waited for.
class Told {
 public:
  void take(const EventPtr& event) {
    {
      std::lock_guard lock(mutex_);
      events_.push_back(event);
    }
    came_.notify_all();
  }
  // All of that kind, once there are so many.
  std::vector<EventPtr> wait(const std::string& kind, std::size_t count) {
    std::unique_lock lock(mutex_);
    const bool came = came_.wait_for(lock, std::chrono::seconds(30), [&] {
      return count <= std::size_t(std::ranges::count(events_, kind, &Event::kind));
    });
    REQUIRE_MESSAGE(came, count << " events " << kind << " did not come");
    std::vector<EventPtr> found;
    std::ranges::copy_if(events_, std::back_inserter(found),
                         [&](const EventPtr& e) { return kind.empty() || e->kind == kind; });
    return found;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<EventPtr> events_;
};

CallHost host_of(EventHub& hub) {
  CallHost host;
  host.hub = &hub;
  host.workers = &gst::default_workers();
  host.settings.launch = launch;
  host.settings.codecs = sip::Local::g711();
  host.open_port = [](const LoopRef& loop) -> Result<PortPair> {
    auto rtp = open_udp_port(loop, {0x7f000001, 0});
    if (!rtp) return Error{rtp.error()};
    return PortPair{.rtp = *rtp, .rtcp = {}};
  };
  host.close_port = [](const Address&) {};
  const auto agents = std::make_shared<Agents>(PARLEY_SOURCE_ROOT "/pipelines/agents");
  host.find_agent = [agents](const std::string& name) { return agents->find(name); };
  return host;
}

// A caller whose SIP the test writes.
class Caller {
 public:
  Caller(const std::string& engine, int media_port) : wire_(engine) {
    side_.media = {"127.0.0.1", media_port};
    side_.session = 1;
  }

  // An INVITE, the first or another one, SRTP or plain; to the ACK.
  sip::Agreement invite(bool secure) {
    side_.security = secure ? sip::Security::required : sip::Security::off;
    if (secure) side_.crypto = sip::make_crypto_offer();
    wire_.send(wire_.request("INVITE", ++cseq_, sip::write_offer(side_), tag_));
    ++side_.version;
    const auto ok = wire_.response(200);
    tag_ = sip::tag_of(ok);
    const auto agreed = sip::accept_answer(ok.substr(ok.find("\r\n\r\n") + 4), side_);
    REQUIRE_MESSAGE(bool(agreed), (agreed ? "" : agreed.error()));
    CHECK(bool(agreed->keys) == secure);
    return *agreed;
  }
  void acknowledge() { wire_.send(wire_.request("ACK", cseq_, "", tag_)); }
  void bye() {
    wire_.send(wire_.request("BYE", ++cseq_, "", tag_));
    wire_.response(200);
  }

 private:
  sip::Wire wire_;
  sip::Local side_;
  std::string tag_;
  int cseq_ = 0;
};

}  // namespace

TEST_CASE("calls: over real sockets a call moves to SRTP and back while the two talk") {
  const auto loop = RealLoop::make("secure-engine"), far_loop = RealLoop::make("secure-caller");
  loop->start();
  far_loop->start();
  EventHub hub;
  Told told;
  const auto subscription = hub.subscribe([&](const EventPtr& e) { told.take(e); });
  auto calls = std::make_unique<Calls>(CallsOptions{}, host_of(hub), std::vector<LoopRef>{loop});
  auto endpoint = sip::Endpoint::open({.listen = "127.0.0.1:0"},
                                      [&](const sip::Notice& notice) { calls->on_notice(notice); });
  REQUIRE_MESSAGE(bool(endpoint), (endpoint ? "" : endpoint.error()));
  calls->use(**endpoint);
  {
    auto socket = open_udp_port(far_loop, {0x7f000001, 0});
    REQUIRE_MESSAGE(bool(socket), (socket ? "" : socket.error()));
    const auto port = make_secure_port(*socket, {});
    Caller caller((*endpoint)->address(), (*socket)->local().port);
    const auto first = caller.invite(false);
    caller.acknowledge();
    const auto remote = *parse_address(first.remote.host, std::uint16_t(first.remote.port));
    std::promise<void> over;
    caller::ScriptedCaller line(far_loop, port, remote, program(talk), {});
    line.start([&] { over.set_value(); });
    const auto move = [&](bool secure) {
      const auto agreed = caller.invite(secure);
      {
        Gate gate(*far_loop);
        port->use(secure ? std::shared_ptr<Srtp>(
                               Srtp::make(agreed.keys->ours, agreed.keys->theirs).value())
                         : nullptr);
      }
      caller.acknowledge();
    };
    told.wait("agent.said", 1);
    move(true);
    told.wait("agent.said", 2);
    move(false);
    REQUIRE(over.get_future().wait_for(std::chrono::seconds(30)) == std::future_status::ready);
    caller.bye();
    told.wait("call.ended", 1);
    CHECK(line.state() == caller::State::completed);
    // What left before the answer to a move had been read.
    CHECK(line.counts().malformed <= 4);
    CHECK(line.counts().lost <= 4);
  }
  const auto heard = told.wait("transcript.final", 3);
  CHECK(heard.size() == 3);
  CHECK(heard[1]->body["text"] == "and what about tomorrow");
  CHECK(heard[2]->body["text"] == "goodbye");
  const auto moves = told.wait("call.srtp", 2);
  CHECK(moves[0]->body["srtp"] == "AEAD_AES_128_GCM");
  CHECK(moves[1]->body["srtp"] == "");
  const auto summary = told.wait("media.summary", 1).back()->body;
  CHECK(summary["undecryptable"] == 0);
  CHECK(summary["malformed"] == 0);
  CHECK(summary["lost"] == 0);
  std::string all;
  for (const auto& e : told.wait("", 0)) all += to_json(*e).dump();
  CHECK(all.find("inline:") == all.npos);
  endpoint->reset();
  calls->end_all(EndReason::shutdown);
  loop->stop();
  far_loop->stop();
  calls.reset();
}
