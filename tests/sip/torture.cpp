#include "tests/sip/torture.hpp"

namespace parley::sip {
namespace {

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

constexpr auto sdp = R"(v=0
o=mhandley 29739 7272939 IN IP4 192.0.2.3
s=-
c=IN IP4 192.0.2.4
t=0 0
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
)";

// A request with `line` first and `more` among the headers.
std::string request(const std::string& line, const std::string& more,
                    const std::string& body = "") {
  const auto method = line.substr(0, line.find(' '));
  std::string text = line + "\nVia: SIP/2.0/UDP host5.example.net;branch=z9hG4bK293423\n";
  const auto unless = [&](const char* name, const std::string& header) {
    if (("\n" + more).find(std::string("\n") + name + ":") == std::string::npos) text += header;
  };
  unless("To", "To: <sip:user@example.com>\n");
  unless("From", "From: <sip:caller@example.net>;tag=9923424\n");
  unless("Call-ID", "Call-ID: 0ha0isnda977644900765@192.0.2.15\n");
  unless("CSeq", "CSeq: 9 " + method + "\n");
  unless("Max-Forwards", "Max-Forwards: 70\n");
  unless("Contact", "Contact: <sip:caller@host5.example.net>\n");
  text += more;
  if (!body.empty()) unless("Content-Type", "Content-Type: application/sdp\n");
  unless("Content-Length", "Content-Length: LEN\n");
  return on_the_wire(text + "\n" + body);
}

const auto invite_line = std::string("INVITE sip:user@example.com SIP/2.0");
const auto options_line = std::string("OPTIONS sip:user@example.com SIP/2.0");

std::vector<Torture> valid_ones() {
  return {
      {"wsinv", 0, on_the_wire(R"(INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0
TO :
 sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n
from   : "J Rosenberg \\\""       <sip:jdrosen@example.com>
  ;
  tag = 98asjd8
MaX-fOrWaRdS: 0068
Call-ID: wsinv.ndaksdj@192.0.2.1
Content-Length   : LEN
cseq: 0009
  INVITE
Via  : SIP  /   2.0
 /UDP
    192.0.2.2;branch=z9hG4bK390skdjuw
s :
NewFangledHeader:   newfangled value
 continued newfangled value
UnknownHeaderWithUnusualValue: ;;,,;;,;
Content-Type: application/sdp
Route:
 <sip:services.example.com;lr;unknownwith=value;unknown-no-value>
v:  SIP  / 2.0  / TCP     spindle.example.com   ;
  branch  =   z9hG4bK9ikj8  ,
 SIP  /    2.0   / UDP  192.168.255.111   ; branch=
 z9hG4bK30239
m:"Quoted string \"\"" <sip:jdrosen@example.com> ; newparam =
      newvalue ;
  secondparam ; q = 0.33

)" + std::string(sdp))},
      {"esc01", 0,
       request("INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0",
               "To: sip:%75se%72@example.com\n"
               "From: <sip:I%20have%20spaces@example.net>;tag=938\n",
               sdp)},
      {"escnull", 0,
       request(options_line,
               "To: sip:null-%00-null@example.com\n"
               "From: sip:null-%00-null@example.com;tag=839923423\n")},
      {"lwsdisp", 0,
       request(options_line,
               "To: sip:user@example.com\n"
               "From: caller<sip:caller@example.com>;tag=323\n")},
      {"longreq", 0,
       request("INVITE sip:user@example.com SIP/2.0",
               "To: \"I have a user name of " + std::string(1200, 'x') +
                   "\"<sip:user@example.com:6000;unknownparam1=very" + std::string(400, 'l') +
                   "ong>\n",
               sdp)},
      {"dblreq", 0, request(options_line, "Content-Length: 0\n") + good_invite()},
      {"semiuri", 0, request("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0", "")},
      {"novelsc of To", 0, request(options_line, "To: isbn:2983792873\n")},
      {"a Contact with an instance", 0,
       request(invite_line, "Contact: <sip:a@192.0.2.1>;+sip.instance=\"<urn:uuid:1,2>\"\n", sdp)},
      {"a Contact without < and >", 0,
       request(invite_line, "Contact: sip:a@192.0.2.1;+sip.instance=\"<urn:uuid:1>\"\n", sdp)},
      {"zeromf", 0, request(options_line, "Max-Forwards: 0\n")},
      {"unreason", 0,
       on_the_wire("SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe\n"
                   "Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\n"
                   "Call-ID: unreason.1234ksdfak3j2erwedfsASdf\nCSeq: 35 INVITE\n"
                   "From: sip:user@example.com;tag=11141343\n"
                   "To: sip:user@example.edu;tag=2229\nContent-Length: LEN\n\n")},
      {"noreason", 0,
       on_the_wire("SIP/2.0 100 \n"
                   "Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\n"
                   "Call-ID: noreason.asndj203insdf99223ndf\nCSeq: 35 INVITE\n"
                   "From: <sip:user@example.com>;tag=39ansfi3\n"
                   "To: <sip:user@example.edu>;tag=902jndnke3\n"
                   "Content-Length: 0\n\n")},
  };
}

std::vector<Torture> refused_ones() {
  return {
      {"badinv01", 400,
       request(invite_line,
               "To: sip:j.user@example.com\n"
               "From: sip:caller@example.net;tag=134161461246\n"
               "Contact: \"Joe\" <sip:joe@example.org>;;;;,\n",
               sdp)},
      {"clerr", 400, request(invite_line, "Content-Length: 9999\n", sdp)},
      {"ncl", 400, request(invite_line, "Content-Length: -999\n", sdp)},
      {"scalar02: CSeq", 400, request(options_line, "CSeq: 36893488147419103232 OPTIONS\n")},
      {"scalar02: Max-Forwards", 400, request(options_line, "Max-Forwards: 300\n")},
      {"quotbal", 400, request(invite_line, "To: \"Mr. J. User <sip:j.user@example.com>\n", sdp)},
      {"ltgtruri", 400, request("INVITE <sip:user@example.com> SIP/2.0", "", sdp)},
      {"lwsruri", 400, request("INVITE sip:user@example.com; lr SIP/2.0", "", sdp)},
      {"lwsstart", 400, request("INVITE  sip:user@example.com  SIP/2.0", "", sdp)},
      {"trws", 400, request("OPTIONS sip:remote-target@example.com SIP/2.0  ", "")},
      {"escruri", 400,
       request("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0", "", sdp)},
      {"badaspec", 400,
       request(options_line, "To: \"Watson, Thomas\" < sip:t.watson@example.org >\n")},
      {"baddn", 400,
       request(options_line, "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43\n")},
      {"badvers", 505, request("OPTIONS sip:t.watson@example.org SIP/7.0", "")},
      {"mismatch01", 400, request(options_line, "CSeq: 8 INVITE\n")},
      {"mismatch02", 400, request("NEWMETHOD sip:user@example.com SIP/2.0", "CSeq: 8 INVITE\n")},
      {"badbranch", 400,
       on_the_wire("OPTIONS sip:user@example.com SIP/2.0\n"
                   "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\nTo: sip:user@example.com\n"
                   "From: sip:caller@example.org;tag=33242\nMax-Forwards: 3\n"
                   "Call-ID: badbranch.sadonfo23i420jv0as0derf3j3n\nCSeq: 8 OPTIONS\nl: 0\n\n")},
      {"insuf", 400,
       on_the_wire("INVITE sip:user@example.com SIP/2.0\nCSeq: 193942 INVITE\n"
                   "Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\n"
                   "Content-Type: application/sdp\nl: LEN\n\n" +
                   std::string(sdp))},
      {"unkscm", 416, request("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0", "")},
      {"unksm2", 416, request("OPTIONS name:John_Smith SIP/2.0", "")},
      {"sips without TLS", 416, request("OPTIONS sips:user@example.com SIP/2.0", "")},
      {"bext01", 420,
       request(options_line,
               "Require: nothingSupportsThis, nothingSupportsThisEither\n"
               "Proxy-Require: noProxiesSupportThis\n")},
      {"invut", 415,
       request(invite_line, "Content-Type: application/unknownformat\n", "<audio/>\n")},
      {"no type", 415, request(invite_line, "Content-Type: \n", sdp)},
      {"compressed", 415, request(invite_line, "Content-Encoding: gzip\n", sdp)},
      {"regaut01", 405, request("REGISTER sip:example.com SIP/2.0", "")},
      {"unknown method", 501, request("NEWMETHOD sip:user@example.com SIP/2.0", "")},
      {"multi01", 400,
       request(invite_line,
               "CSeq: 5 INVITE\nCSeq: 59 INVITE\nCall-ID: a@192.0.2.1\n"
               "Call-ID: b@192.0.2.1\nFrom: <sip:a@example.com>;tag=3413415\n"
               "From: <sip:b@example.com>;tag=2\nTo: <sip:x@example.com>\n"
               "To: <sip:y@example.com>\nMax-Forwards: 70\nMax-Forwards: 5\n",
               sdp)},
      {"mcl01", 400, request(options_line, "Content-Length: 13\nl: 5\n", "There's no way")},
      {"two contacts", 400,
       request(invite_line, "Contact: <sip:a@192.0.2.1>, <sip:b@192.0.2.1>\n", sdp)},
      {"no contact", 400, request(invite_line, "Contact:\n", sdp)},
      {"no tag", 400, request(invite_line, "From: <sip:caller@example.net>\n", sdp)},
      {"a line that is no header", 400, request(options_line, "this is nothing\n")},
      {"a reply wanted elsewhere", 400,
       on_the_wire("OPTIONS sip:user@example.com SIP/2.0\n"
                   "Via: SIP/2.0/UDP 192.0.2.1;maddr=198.51.100.1;branch=z9hG4bK1\n"
                   "To: sip:user@example.com\nFrom: sip:c@example.org;tag=3\nCall-ID: m\n"
                   "CSeq: 8 OPTIONS\n\n")},
  };
}

std::vector<Torture> dropped_ones() {
  return {
      {"bigcode", -1,
       on_the_wire("SIP/2.0 4294967301 better not break the receiver\n"
                   "Via: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\n"
                   "Call-ID: bigcode.asdof3uj203asdnf3429uasdhfas3ehjasdfas9i\n"
                   "CSeq: 353494 INVITE\nFrom: <sip:user@example.com>;tag=39\n"
                   "To: <sip:user@example.edu>;tag=902\nContent-Length: 0\n\n")},
      {"scalarlg without a To", -1,
       on_the_wire("SIP/2.0 503 Service Unavailable\n"
                   "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK2\n"
                   "CSeq: 9 INVITE\nContent-Length: 0\n\n")},
      {"an ACK that is wrong", -1, request("ACK sip:user@example.com SIP/2.0", "CSeq: 1 BYE\n")},
      {"no Via", -1, on_the_wire("OPTIONS sip:user@example.com SIP/2.0\nCSeq: 1 OPTIONS\n\n")},
      {"no end of the head", -1, on_the_wire(invite_line + "\nVia: SIP/2.0/UDP 192.0.2.1\n")},
      {"not SIP", -1, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"},
  };
}

}  // namespace

std::string on_the_wire(std::string text) {
  text = replaced(std::move(text), "\n", "\r\n");
  const auto end = text.find("\r\n\r\n");
  const auto length = end == text.npos ? 0 : text.size() - end - 4;
  return replaced(std::move(text), "LEN\r\n", std::to_string(length) + "\r\n");
}

std::string good_invite(const std::string& host) {
  return on_the_wire("INVITE sip:agent@" + host +
                     " SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK776asdhds\n"
                     "Max-Forwards: 70\nTo: Agent <sip:agent@" +
                     host +
                     ">\nFrom: \"A. Caller\" <sip:caller@127.0.0.1>;tag=1928301774\n"
                     "Call-ID: a84b4c76e66710@127.0.0.1\nCSeq: 314159 INVITE\n"
                     "Contact: <sip:caller@127.0.0.1:9>\nContent-Type: application/sdp\n"
                     "Content-Length: LEN\n\n" +
                     std::string(sdp));
}

std::vector<Torture> torture_messages() {
  auto all = valid_ones();
  for (auto& one : refused_ones()) all.push_back(std::move(one));
  for (auto& one : dropped_ones()) all.push_back(std::move(one));
  return all;
}

}  // namespace parley::sip
