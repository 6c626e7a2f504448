import assert from "node:assert/strict";
import { test } from "node:test";
import { dialAddress, duration, moment, party, reasonText, reasonTone, splitHeard, stateText } from "../src/format";

test("durations", () => {
  for (const [seconds, text] of [[0, "0:00"], [-3, "0:00"], [59.9, "0:59"], [65, "1:05"], [3700, "1:01:40"]] as const)
    assert.equal(duration(seconds), text);
});

test("a party is what a person would call it", () => {
  for (const [address, text] of [
    ["sip:alice@host:5060;transport=udp", "alice@host"],
    ['"Alice" <sip:alice@host>', "alice@host"],
    ["tel:+4930123", "+4930123"],
    ["sip:host", "host"],
    ["", "unknown"],
    [null, "unknown"],
  ] as const)
    assert.equal(party(address), text);
});

test("a call rings, is live, or is held by somebody", () => {
  const call = { state: "live", held_by_caller: false, held_by_operator: false } as const;
  assert.equal(stateText({ ...call, state: "ringing" }), "Ringing");
  assert.equal(stateText(call), "Live");
  assert.equal(stateText({ ...call, held_by_operator: true }), "On hold");
  assert.equal(stateText({ ...call, held_by_caller: true }), "Held by the caller");
  assert.equal(stateText({ ...call, held_by_caller: true, held_by_operator: true }), "On hold, and held by the caller");
});

test("reasons are sentences, also those that are not known here", () => {
  assert.equal(reasonText("caller_hangup"), "The caller hung up");
  assert.equal(reasonText("solar_flare"), "solar flare");
  assert.equal(reasonText(null), "Ended");
  assert.equal(reasonTone("agent_hangup"), "good");
  assert.equal(reasonTone("failed"), "bad");
});

test("what was heard and what was not", () => {
  assert.deepEqual(splitHeard("Good morning to you", "Good morning"), { heard: "Good morning", unheard: " to you" });
  assert.deepEqual(splitHeard("Good morning", ""), { heard: "", unheard: "Good morning" });
  assert.deepEqual(splitHeard("Good morning", "Guten Morgen"), { heard: "Guten Morgen", unheard: "" });
});

test("where a softphone dials", () => {
  assert.equal(dialAddress("127.0.0.1:5060", "localhost"), "sip:reception@127.0.0.1:5060");
  assert.equal(dialAddress("0.0.0.0:5070", "10.1.2.3"), "sip:reception@10.1.2.3:5070");
  assert.equal(dialAddress("[::1]:5060", "x"), "sip:reception@[::1]:5060");
});

test("today needs no date", () => {
  const now = new Date(2026, 0, 2, 12, 0);
  assert.doesNotMatch(moment(new Date(2026, 0, 2, 9, 30).toISOString(), now), /,/);
  assert.match(moment(new Date(2025, 11, 31, 9, 30).toISOString(), now), /,/);
});
