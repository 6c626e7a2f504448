"""demo_checks: was the conversation right? Events and samples in, sentences about what is wrong out.

Pure: nothing is read or started here. Moments of events are microseconds since the call began,
those of a recording are milliseconds since the caller's first packet.
"""

from dataclasses import dataclass, field

STOP_WITHIN_MS = 1200   # from the caller's first voiced packet to the agent's last one
ALIGNED_MS = 120        # the database's and the recording's view of the agent's audio


@dataclass
class Wanted:
    name: str
    number: str
    reason_words: list[str]


@dataclass
class Findings:
    good: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def check(self, right: bool, sentence: str) -> None:
        (self.good if right else self.wrong).append(sentence)


def of_kind(events: list[dict], *kinds: str) -> list[dict]:
    return [event for event in events if event["kind"] in kinds]


def slots(events: list[dict]) -> dict[str, str]:
    """The last value of each."""
    return {e["body"]["slot"]: e["body"]["value"] for e in of_kind(events, "slot.filled")}


def check_slots(findings: Findings, events: list[dict], wanted: Wanted) -> None:
    have = slots(events)
    name, number = have.get("name", ""), have.get("number", "")
    findings.check(name.lower() == wanted.name.lower(), f"name: {name or 'nothing'} (said: {wanted.name})")
    findings.check(number == wanted.number, f"number: {number or 'nothing'} (keyed: {wanted.number})")
    reason = have.get("reason", "")
    heard = [word for word in wanted.reason_words if word in reason.lower().split()]
    findings.check(len(heard) == len(wanted.reason_words),
                   f"reason: '{reason}' holds {len(heard)} of {len(wanted.reason_words)} content words")


def check_end(findings: Findings, events: list[dict], call: dict) -> None:
    ended = of_kind(events, "call.ended")
    reason = ended[-1]["body"]["reason"] if ended else "not at all"
    findings.check(reason == "agent_hangup" and call["state"] == "ended" and call["end_reason"] == reason,
                   f"the call ended: {reason} (stored: {call['end_reason']})")
    numbers = [event["seq"] for event in events]
    findings.check(numbers == list(range(1, len(numbers) + 1)), f"{len(numbers)} events stored without a gap")


def check_live(findings: Findings, events: list[dict], live: list[dict]) -> None:
    """The WebSocket told the same story as the database."""
    stored = [(event["seq"], event["kind"]) for event in events]
    told = [(event["seq"], event["kind"]) for event in live]
    findings.check(stored == told, f"the WebSocket told {len(told)} events, the same as the database")


def check_barge_in(findings: Findings, events: list[dict], own: list, agent: list) -> None:
    cut = [e["body"] for e in of_kind(events, "agent.interrupted") if e["body"].get("by") == "speech"]
    findings.check(bool(cut), "the agent was interrupted by speech")
    if cut:
        body = cut[0]
        short = len(body["heard_text"]) < len(body["text"]) and body["text"].startswith(body["heard_text"])
        findings.check(short, f"of \"{body['text']}\" the transcript keeps what was heard: \"{body['heard_text']}\"")
    times = [a_end - o_start for o_start, _ in own for a_start, a_end in agent if a_start < o_start < a_end]
    sentence = f"in the recording the agent fell silent {times[0]:.0f} ms after the caller's first sound" if times \
        else "in the recording the caller spoke over the agent"
    findings.check(bool(times) and max(times) <= STOP_WITHIN_MS, sentence)


def utterances(events: list[dict]) -> list[tuple[float, float]]:
    """(first sample, end) of each in ms, as the database has it."""
    found, begun = [], {}
    for event in events:
        number = event["body"].get("utterance")
        if event["kind"] == "agent.speaking":
            begun[number] = event["at"] / 1000
        elif event["kind"] in ("agent.said", "agent.interrupted") and number in begun:
            found.append((begun.pop(number), event["at"] / 1000))
    return found


def check_agreement(findings: Findings, events: list[dict], agent: list) -> None:
    """Each of the agent's utterances in the database is heard in the recording, and nothing else is."""
    said = utterances(events)
    if not said or not agent:
        return findings.check(False, "the agent's speech is in the database and in the recording")
    offset = agent[0][0] - said[0][0]
    worst, missing = 0.0, 0
    for start, end in said:
        begin, finish = start + offset, end + offset
        inside = [s for s in agent if s[1] > begin - ALIGNED_MS and s[0] < finish + ALIGNED_MS]
        if not inside:
            missing += 1
            continue
        worst = max(worst, abs(inside[0][0] - begin))
    extra = [s for s in agent
             if not any(start + offset - ALIGNED_MS <= s[0] and s[1] <= end + offset + ALIGNED_MS
                        for start, end in said)]
    findings.check(missing == 0 and not extra and worst <= ALIGNED_MS,
                   f"{len(said)} utterances in the database, {len(agent)} stretches of the agent's speech in the "
                   f"recording: {missing} missing, {len(extra)} too many, begun within {worst:.0f} ms of each other")


def check_responses(findings: Findings, events: list[dict], measured_ms: list[float]) -> None:
    """The engine's own response times against those measured at the caller's end of the wire."""
    told = [e["body"]["response_ms"] for e in of_kind(events, "agent.speaking")
            if e["body"].get("response_ms", -1) >= 0]
    paired = [(t, min(measured_ms, key=lambda m: abs(m - t))) for t in told] if measured_ms else []
    worst = max((abs(t - m) for t, m in paired), default=None)
    findings.check(worst is not None and worst <= ALIGNED_MS,
                   "response times: " + ", ".join(f"{t} ms (caller measured {m:.0f})" for t, m in paired)
                   if paired else "the agent answered, and its response time was measured at both ends")
