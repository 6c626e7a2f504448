"""sipp moves a call from plain RTP to SRTP and back by re-INVITEs (RFC 3264, RFC 4568), and asks for what [sip] srtp
does not allow: that is refused with 488, and the call goes on.
"""

import base64

import peer
import sipp
from peer import check

MEDIA_PORT = 49300
KEY = base64.b64encode(bytes(range(30))).decode()

PLAIN = ["m=audio [media_port] RTP/AVP 0"]
SECURE = ["m=audio [media_port] RTP/SAVP 0", f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"]
KEYLESS = ["m=audio [media_port] RTP/SAVP 0"]

REQUEST = """
      {method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}
      From: sipp <sip:sipp@[local_ip]:[local_port]>;tag=[pid]t[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>{tag}
      Call-ID: [call_id]
      CSeq: {cseq} {method}
      Contact: <sip:sipp@[local_ip]:[local_port]>
      Max-Forwards: 70
"""
SDP = ["v=0", "o=sipp 1 {cseq} IN IP4 [local_ip]", "s=-", "c=IN IP4 [media_ip]", "t=0 0"]


def send(method, cseq, sdp=None, branch="[branch]"):
    text = REQUEST.format(method=method, cseq=cseq, branch=branch, tag="[peer_tag_param]" if cseq > 1 or method != "INVITE" else "")
    if sdp:
        lines = [line.format(cseq=cseq) for line in SDP] + sdp + ["a=rtpmap:0 PCMU/8000"]
        text += "      Content-Type: application/sdp\n      Content-Length: [len]\n\n"
        text += "".join(f"      {line}\n" for line in lines)
    else:
        text += "      Content-Length: 0\n\n"
    retrans = ' retrans="500"' if method != "ACK" else ""
    return f"<send{retrans}><![CDATA[\n{text}\n]]></send>\n"


def receive(code, expected=None):
    actions = "".join(
        f'<ereg regexp="{e}" search_in="body" check_it="true" assign_to="found{i}"/>' for i, e in enumerate(expected or []))
    read = "".join(f'<log message="[$found{i}]"/>' for i in range(len(expected or [])))
    return f'<recv response="{code}">{"<action>" + actions + read + "</action>" if expected else ""}</recv>\n'


def scenario(*offers):
    """A call whose descriptions are these, each with the status that it gets and what its answer holds."""
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="move">\n'
    for cseq, (sdp, code, expected) in enumerate(offers, start=1):
        text += send("INVITE", cseq, sdp) + '<recv response="100" optional="true"/>\n<recv response="180" optional="true"/>\n'
        # The ACK of a refusal belongs to its INVITE, four messages before it.
        text += receive(code, expected) + send("ACK", cseq, branch="[branch]" if code == 200 else "[branch-4]")
        text += '<pause milliseconds="500"/>\n'
    return text + send("BYE", len(offers) + 1) + receive(200) + "</scenario>\n"


def call(folder, name, settings, *offers):
    here = folder / name
    with peer.Engine(here, {"sip": settings}) as engine:
        (here / "move.xml").write_text(scenario(*offers))
        code = sipp.run_scenario(here, engine.sip, 5000, MEDIA_PORT, ["-sf", "move.xml", "-m", "1"])
        check(code == 0, f"{name}: sipp's call went as its scenario says (exit code {code})")
        ended = engine.wait_ended(1)[0]
        check(ended["end_reason"] == "caller_hangup", f"{name}: the call ended: {ended['end_reason']}")
        return [e["body"]["srtp"] for e in engine.events(ended["id"]) if e["kind"] == "call.srtp"]


def test(folder):
    suite = "AES_CM_128_HMAC_SHA1_80"
    plain = (PLAIN, 200, ["RTP/AVP 0"])
    secure = (SECURE, 200, ["RTP/SAVP 0", f"a=crypto:1 {suite} inline:"])
    moves = call(folder, "both", {}, plain, secure, plain, (KEYLESS, 488, None), secure)
    check(moves == [suite, "", suite], f"the call moved to {moves}")
    moves = call(folder, "off", {"srtp": "off"}, plain, (SECURE, 488, None), plain)
    check(moves == [], "off: it stayed plain")
    moves = call(folder, "required", {"srtp": "required"}, secure, (PLAIN, 488, None), secure)
    check(moves == [], "required: it stayed SRTP")


peer.run(test)
