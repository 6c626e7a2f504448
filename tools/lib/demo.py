"""demo: the conversation of tools/demo, live and checked. See tools/demo.

Needs no terminal. Python 3 standard library only.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import demo_checks as checks
import sound
from engine import ROOT, Engine, EngineError, program
from watch import Watch

OUT = ROOT / "demo-out"
SCRIPT = ROOT / "tools/caller/scripts/demo.txt"
WANTED = checks.Wanted(name="Alice Johnson", number="5550142", reason_words=["delivery", "arrived"])
CALL_WITHIN_S = 180


def colour(code: str, text: str) -> str:
    return f"\033[{code}m{text}\033[0m" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else text


def line_of(event: dict) -> str | None:
    """An event as a line of the conversation; None: not for people."""
    body, kind = event["body"], event["kind"]
    if kind == "call.answered":
        return colour("2", f"-- answered, {body['codec']}")
    if kind == "agent.speaking":
        after = f"  ({body['response_ms']} ms)" if body.get("response_ms", -1) >= 0 else ""
        return f"{colour('36', 'agent ')}  {body['text']}{colour('33', after)}"
    if kind == "agent.interrupted":
        return colour("31", f"-- interrupted by {body['by']}; heard so far: \"{body['heard_text']}\"")
    if kind == "transcript.final":
        return f"{colour('32', 'caller')}  {body['text'] or '(not understood)'}"
    if kind == "dtmf.received":
        return f"{colour('32', 'caller')}  [key {body['digit']}]"
    if kind == "slot.filled":
        sure = "" if body.get("confirmed") else " (not confirmed yet)"
        return colour("2", f"-- {body['slot']} = {body['value']}{sure}")
    if kind in ("media.missing", "provider.failed", "error"):
        return colour("31", f"-- {kind}: {body.get('detail', '')}")
    if kind == "call.ended":
        return colour("2", f"-- ended: {body['reason']}")
    return None


class Live(threading.Thread):
    """Prints each event as it happens and keeps those of the call."""

    def __init__(self, address: str):
        super().__init__(daemon=True)
        self.events: list[dict] = []
        self.ended = threading.Event()
        self._watch = Watch(address, timeout_s=CALL_WITHIN_S)

    def run(self) -> None:
        try:
            for event in self._watch.events():
                if event["call"] is None:
                    continue
                self.events.append(event)
                line = line_of(event)
                if line:
                    print(f"{event['at'] / 1e6:7.2f}  {line}", flush=True)
                if event["kind"] == "call.ended":
                    return
        except (OSError, ValueError) as error:
            print(f"the WebSocket failed: {error}", flush=True)
        finally:
            self.ended.set()


def place_call(engine: Engine) -> dict:
    """Runs the scripted caller; its report."""
    done = subprocess.run(
        [program("tools/caller/parley-caller"), f"sip:reception@{engine.sip}", str(SCRIPT), "--voice", "slt",
         "--record", str(OUT / "call.wav"), "--json", "--quiet"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=CALL_WITHIN_S)
    if not done.stdout.strip():
        raise EngineError(f"the caller could not begin: {done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def converse(engine: Engine) -> checks.Findings:
    live = Live(engine.control)
    live.start()
    report = place_call(engine)
    live.ended.wait(10)
    call = engine.wait_ended(1)[0]
    time.sleep(0.2)  # the last group of events: at most 50 ms old
    events = engine.events(call["id"])

    findings = checks.Findings()
    findings.check(report["completed"], f"the caller: {report['reason']}")
    checks.check_end(findings, events, call)
    checks.check_slots(findings, events, WANTED)
    if (OUT / "call.wav").exists():
        _, (left, right) = sound.read_channels(OUT / "call.wav")
        agent = sound.segments(right)
        checks.check_barge_in(findings, events, sound.segments(left), agent)
        checks.check_agreement(findings, events, agent)
    checks.check_responses(findings, events, report.get("response_ms", []))
    checks.check_live(findings, events, live.events)
    (OUT / "events.json").write_text(json.dumps(events, indent=1))
    (OUT / "caller.json").write_text(json.dumps(report, indent=1))
    return findings


def say_where(engine: Engine, call_sql: str) -> None:
    shown = OUT.relative_to(ROOT)
    print(f"""
listen     {shown}/call.wav  (left: the caller as sent, right: the agent as received)
look       {shown}/parley.db, for example: sqlite3 {shown}/parley.db "{call_sql}"
log        {shown}/parleyd.log
console    http://{engine.control}/  (while it runs: tools/demo --serve)
softphone  sip:reception@{engine.sip}, UDP, G.711; on another machine see README.md, "The first call"
""", flush=True)


def main() -> int:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    try:
        with Engine(OUT) as engine:
            print(f"parleyd is ready: SIP {engine.sip}, console http://{engine.control}/\n", flush=True)
            findings = converse(engine)
            print("\nchecked:")
            for sentence in findings.good:
                print(f"  {colour('32', 'ok')}     {sentence}")
            for sentence in findings.wrong:
                print(f"  {colour('31', 'WRONG')}  {sentence}")
            say_where(engine, "SELECT speaker, text FROM call_transcript_entries")
            if "--serve" in sys.argv[1:]:
                print("parleyd stays up; Ctrl-C ends it", flush=True)
                try:
                    while engine.alive():
                        time.sleep(0.5)
                except KeyboardInterrupt:
                    pass
        print("the demo is right" if not findings.wrong else "the demo is NOT right", flush=True)
        return 0 if not findings.wrong else 1
    except (EngineError, OSError, subprocess.TimeoutExpired) as error:
        print(f"tools/demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
