// sip_peer: an endpoint alone, for real SIP clients to talk to: it answers every call with a canned
// description and no media.
//
// The called user says what it does: "ring" rings and waits, "busy" is refused, "hungup" is
// answered and ended by us, any other is answered. The first line of output is its address; it ends
// when its input does, and prints what it saw as "calls=N ended=N".
//
// Threads: notices come on the SIP thread; main() waits for the input.

#include <atomic>
#include <cstdio>
#include <set>

#include "engine/sip/endpoint.hpp"
#include "engine/sip/sdp.hpp"

using namespace parley::sip;

namespace {

class Peer {
 public:
  void take(const Notice& notice) {
    if (const auto* invite = std::get_if<Invite>(&notice)) return called(*invite);
    if (const auto* confirmed = std::get_if<Confirmed>(&notice)) return up(confirmed->session);
    if (const auto* again = std::get_if<Reoffer>(&notice))
      return answer(again->session, again->sdp, 2);
    if (std::holds_alternative<Ended>(notice)) ++ended;
  }

  std::unique_ptr<Endpoint> endpoint;
  std::atomic<int> calls = 0, ended = 0;

 private:
  void called(const Invite& invite) {
    ++calls;
    if (invite.user == "busy") return endpoint->refuse(invite.session, 486, "Busy Here");
    endpoint->ring(invite.session);
    if (invite.user == "ring") return;
    if (invite.user == "hungup") to_hang_up_.insert(invite.session);
    answer(invite.session, invite.sdp, 1);
  }

  void answer(SessionId session, const std::string& offer, unsigned version) {
    const Local nowhere{.media = {"127.0.0.1", 9}, .session = session, .version = version};
    auto answer = answer_offer(offer, nowhere);
    if (!answer) return endpoint->refuse(session, 488, "Not Acceptable Here");
    endpoint->answer(session, answer->sdp);
  }

  void up(SessionId session) {
    if (to_hang_up_.erase(session) > 0) endpoint->hang_up(session);
  }

  std::set<SessionId> to_hang_up_;  // the SIP thread's
};

}  // namespace

int main() {
  Peer peer;
  Options options;
  options.listen = "127.0.0.1:0";
  auto opened = Endpoint::open(options, [&peer](const Notice& notice) { peer.take(notice); });
  if (!opened) return std::fprintf(stderr, "%s\n", opened.error().c_str()), 1;
  peer.endpoint = *std::move(opened);
  std::printf("%s\n", peer.endpoint->address().c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) continue;
  peer.endpoint.reset();
  std::printf("calls=%d ended=%d\n", peer.calls.load(), peer.ended.load());
  return 0;
}
