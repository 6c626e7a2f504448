"""The demo's checks on made-up calls: a right one passes, and each fault is found."""

import copy
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/lib"))
import demo_checks as checks
import sound

WANTED = checks.Wanted("Alice Johnson", "5550142", ["delivery"])

STORY = [
    (100, "call.created", {}),
    (900, "agent.speaking", {"utterance": 1, "text": "Hello. Your name?", "response_ms": -1}),
    (2900, "agent.said", {"utterance": 1, "text": "Hello. Your name?"}),
    (4700, "slot.filled", {"slot": "name", "value": "Alice Johnson", "confirmed": True}),
    (4800, "agent.speaking", {"utterance": 2, "text": "Thank you, Alice. Why?", "response_ms": 600}),
    (6500, "agent.interrupted", {"utterance": 2, "text": "Thank you, Alice. Why?", "heard_text": "Thank you,",
                                 "by": "speech"}),
    (8000, "slot.filled", {"slot": "reason", "value": "my delivery is late", "confirmed": True}),
    (9000, "slot.filled", {"slot": "number", "value": "5550142", "confirmed": True}),
    (9500, "call.ended", {"reason": "agent_hangup"}),
]
AGENT = [(700, 2700), (4600, 6310)]   # the recording begins 200 ms after the call
OWN = [(3300, 4000), (5600, 7000)]


def events():
    return [{"seq": i + 1, "at": at * 1000, "kind": kind, "body": copy.deepcopy(body)}
            for i, (at, kind, body) in enumerate(STORY)]


def findings_of(story, own=OWN, agent=AGENT, measured=(590.0,), live=None):
    findings = checks.Findings()
    call = {"state": "ended", "end_reason": "agent_hangup"}
    checks.check_end(findings, story, call)
    checks.check_slots(findings, story, WANTED)
    checks.check_barge_in(findings, story, own, agent)
    checks.check_agreement(findings, story, agent)
    checks.check_responses(findings, story, list(measured))
    checks.check_live(findings, story, story if live is None else live)
    return findings


class DemoChecks(unittest.TestCase):
    def test_a_right_call_has_nothing_wrong(self):
        findings = findings_of(events())
        self.assertEqual(findings.wrong, [])
        self.assertEqual(len(findings.good), 11)

    def fault(self, part, **changes):
        wrong = findings_of(**{"story": events(), **changes}).wrong
        self.assertTrue(any(part in sentence for sentence in wrong), wrong)

    def test_each_fault_is_found(self):
        def without(kind):
            return [e for e in events() if e["kind"] != kind]

        def altered(index, **body):
            story = events()
            story[index]["body"].update(body)
            return story

        self.fault("name: Bob", story=altered(3, value="Bob"))
        self.fault("number: 555", story=altered(7, value="555"))
        self.fault("holds 0 of 1", story=altered(6, value="my car"))
        self.fault("stored without a gap", story=without("slot.filled"))
        self.fault("the call ended: caller_hangup", story=altered(8, reason="caller_hangup"))
        self.fault("interrupted by speech", story=without("agent.interrupted"))
        self.fault("keeps what was heard", story=altered(5, heard_text="Thank you, Alice. Why?"))
        self.fault("fell silent 3000 ms", agent=[AGENT[0], (4600, 8600)])
        self.fault("spoke over the agent", own=OWN[:1])
        self.fault("1 missing", agent=AGENT[:1])
        self.fault("1 too many", agent=AGENT + [(9000, 9300)])
        self.fault("begun within 300 ms", agent=[AGENT[0], (4900, 6310)])
        self.fault("caller measured 900", measured=[900.0])
        self.fault("its response time was measured", measured=[])
        self.fault("the WebSocket told 3 events", live=events()[:3])
        self.fault("is in the database and in the recording", agent=[])


class Sound(unittest.TestCase):
    def test_segments_are_found_by_level_with_their_pauses(self):
        tone = [2000 if i // 8 % 2 else -2000 for i in range(8000)]
        samples = [0] * 4000 + tone + [0] * 1600 + tone + [0] * 8000 + tone[:160]
        self.assertEqual(sound.segments(samples), [(500, 2700)])
        self.assertEqual(sound.voiced_ms(samples), 2020)

    def test_mu_law_comes_back_within_its_step(self):
        for sample in range(-32000, 32000, 37):
            self.assertLessEqual(abs(sound.from_mu_law(sound.mu_law(sample)) - sample), 16 + abs(sample) / 16)
        self.assertEqual(sound.mu_law(0), 0xFF)


if __name__ == "__main__":
    unittest.main()
