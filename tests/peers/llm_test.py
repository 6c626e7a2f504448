"""A language model behind a real socket: its first sentence is spoken while the rest still streams,
its tool ends the call; when it refuses, hangs, is cut off or sends garbage the caller is still served."""

import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import peer
from engine import program
from peer import check

FIRST, REST = "I have found your order.", "It will arrive on Monday. Goodbye."
BEGIN, END = FIRST + " It", REST[2:]  # a sentence is over when the next begins
PAUSE_S = 3  # between the first sentence and the rest


class Model(BaseHTTPRequestHandler):
    """An OpenAI-compatible chat endpoint whose behaviour is the server's `mode`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(request)
        if self.server.mode == "hang":
            return self.server.over.wait(60)  # not a byte
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if self.server.mode == "garbage":
            self.wfile.write(b"\xff\x00 this is no event stream\r\n\r\ndata: {not json\n\n" * 50)
            return
        if not any(message["role"] == "user" for message in request["messages"]):
            return self.say("Hello, how can I help?")
        self.delta({"role": "assistant", "content": BEGIN})
        if self.server.mode == "cut":
            return
        time.sleep(PAUSE_S)
        self.server.rest_at = time.time()
        self.delta({"content": END})
        self.delta({"tool_calls": [{"index": 0, "id": "c1", "type": "function",
                                    "function": {"name": "end_call", "arguments": "{}"}}]})
        self.finish_with("tool_calls")

    def say(self, text):
        self.delta({"role": "assistant", "content": text})
        self.finish_with("stop")

    def delta(self, delta, finish=None):
        chunk = {"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def finish_with(self, reason):
        self.delta({}, reason)
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_):
        pass


def call(folder, name, url, script):
    where = folder / name
    where.mkdir()
    (where / "script.txt").write_text(script)
    with peer.Engine(where, {"llm": {"url": url, "model": "test"}}) as engine:
        subprocess.run([program("tools/caller/parley-caller"), f"sip:reception@{engine.sip}", where / "script.txt", "--quiet"],
                       timeout=90, stderr=subprocess.DEVNULL)
        ended = engine.wait_ended(1, 20)[0]
        return ended, engine.events(ended["id"])


def said(events):
    return " ".join(e["body"]["text"] for e in events if e["kind"] in ("agent.said", "agent.interrupted"))


ASK = "wait agent to finish within 30 s\nsay where is my order please\nwait agent to finish within 30 s\n"


def test(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    server.requests, server.mode, server.over = [], "good", threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"

    ended, events = call(folder, "good", url, ASK + "wait hangup within 30 s")
    check(FIRST in said(events) and "Monday" in said(events), f"the model's words are said: {said(events)}")
    check(ended["end_reason"] == "agent_hangup", f"its end_call ends the call: {ended['end_reason']}")
    spoke = next(e for e in events if e["kind"] == "agent.speaking" and FIRST in e["body"]["text"])
    check(ended["started_at"] / 1e6 + spoke["at"] / 1e6 < server.rest_at, "its first sentence is spoken while the rest still streams")
    check(any(t["function"]["name"] == "end_call" for t in server.requests[-1]["tools"]), "it was offered end_call")

    for mode in ("cut", "garbage", "hang"):
        server.mode = mode
        # A silent one is given up after 10 s; until then the agent asks for a moment.
        ended, events = call(folder, mode, url, ASK + ("pause 20 s\n" if mode == "hang" else "") + "hangup")
        check(any(e["kind"] == "provider.failed" for e in events), f"{mode}: the failure is an event")
        spoken = sum(e["kind"] == "agent.speaking" for e in events)
        check(spoken >= 2, f"{mode}: the agent goes on talking ({spoken} times): {said(events)}")
        check(ended["end_reason"] in ("caller_hangup", "agent_hangup"), f"{mode}: the call ends in order: {ended['end_reason']}")

    ended, events = call(folder, "refused", f"http://127.0.0.1:{peer.free_port()}/v1", ASK + "hangup")
    failed = [e["body"]["detail"] for e in events if e["kind"] == "provider.failed"]
    check(failed and "127.0.0.1" in failed[0], f"refused: the event says who: {failed[:1]}")
    check(sum(e["kind"] == "agent.speaking" for e in events) >= 1, f"refused: the caller is served all the same: {said(events)}")
    server.over.set()
    server.shutdown()


peer.run(test)
