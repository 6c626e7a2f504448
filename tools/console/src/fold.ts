// fold: the live calls after an event, from the live calls before it. The server folds in the same way
// (engine/control/live_view.cpp); both are held to tests/control/fold_cases.json.
//
// Pure: what changes is copied, so a call that is the same object has not changed.

import type { EventRecord, Line, LiveCall, Slot } from "./types";

export type Calls = ReadonlyMap<string, LiveCall>;

const linesMax = 200;

const text = (e: EventRecord, name: string): string => {
  const value = e.body[name];
  return typeof value === "string" ? value : "";
};
const number = (e: EventRecord, name: string): number | undefined => {
  const value = e.body[name];
  return Number.isInteger(value) ? (value as number) : undefined;
};
const flag = (e: EventRecord, name: string): boolean => e.body[name] === true;

// `time` as the server writes it, `us` microseconds earlier.
function earlier(time: string, us: number): string {
  if (us === 0) return time;
  return new Date(Date.parse(time) - us / 1000).toISOString().replace("Z", "000Z");
}

function newCall(e: EventRecord, id: string): LiveCall {
  return {
    id,
    state: "ringing",
    direction: "",
    from: "",
    to: "",
    agent: "",
    started_at: earlier(e.time, e.at),
    answered_at: null,
    seq: e.seq,
    caller_speaking: false,
    agent_speaking: false,
    held_by_caller: false,
    held_by_operator: false,
    recording: "off",
    escalated: null,
    step: "",
    slots: [],
    lines: [],
    lines_dropped: 0,
  };
}

type Change = Partial<LiveCall>;

// The lines with the one at `index` changed; -1 adds it.
function withLine(lines: Line[], index: number, line: Line): Line[] {
  const copy = lines.slice();
  if (index < 0) copy.push(line);
  else copy[index] = line;
  return copy;
}

function callerLine(call: LiveCall, e: EventRecord, final: boolean): Line[] {
  const last = call.lines.findLastIndex((l) => l.who === "caller");
  const index = last >= 0 && !call.lines[last]!.final ? last : -1;
  const line: Line = { who: "caller", at: call.lines[index]?.at ?? e.at, text: text(e, "text"), final };
  if (final && flag(e, "rejected")) line.rejected = true;
  return withLine(call.lines, index, line);
}

function agentLine(call: LiveCall, e: EventRecord, more: Partial<Line>): Line[] {
  const utterance = number(e, "utterance") ?? 0;
  const index = call.lines.findLastIndex((l) => l.who === "agent" && (l.utterance ?? 0) === utterance);
  const old = call.lines[index];
  const line: Line = { ...(old ?? { who: "agent", at: e.at }), text: text(e, "text"), final: true, ...more };
  if (utterance) line.utterance = utterance;
  return withLine(call.lines, index, line);
}

function keysLine(call: LiveCall, e: EventRecord): Line[] {
  const index = call.lines.length - 1;
  const last = call.lines[index];
  const digit = text(e, "digit");
  if (last?.who !== "keys") return withLine(call.lines, -1, { who: "keys", at: e.at, text: digit, final: true });
  return withLine(call.lines, index, { ...last, text: last.text + digit });
}

const note = (call: LiveCall, e: EventRecord, what: string): Change => ({
  lines: withLine(call.lines, -1, { who: "note", at: e.at, text: what, final: true }),
});

function withSlot(slots: Slot[], slot: Slot): Slot[] {
  const index = slots.findIndex((s) => s.slot === slot.slot);
  return index < 0 ? [...slots, slot] : slots.map((s, i) => (i === index ? slot : s));
}

function speaking(call: LiveCall, e: EventRecord): Change {
  const ms = number(e, "response_ms");
  const more: Partial<Line> = ms !== undefined && ms >= 0 ? { response_ms: ms } : {};
  return { agent_speaking: true, lines: agentLine(call, e, { final: false, ...more }) };
}

// What is not the caller's hold is ours, whoever ended it.
const held = (e: EventRecord, is: boolean): Change =>
  text(e, "by") === "caller" ? { held_by_caller: is } : { held_by_operator: is };

const folds: Record<string, (call: LiveCall, e: EventRecord) => Change> = {
  "call.created": (_, e) => ({
    direction: text(e, "direction"),
    from: text(e, "from"),
    to: text(e, "to"),
    agent: text(e, "agent"),
  }),
  "call.answered": (_, e) => ({ state: "live", answered_at: e.time }),
  "call.escalated": (c, e) => ({ escalated: text(e, "reason"), ...note(c, e, "escalated: " + text(e, "reason")) }),
  "call.held": (_, e) => held(e, true),
  "call.resumed": (_, e) => held(e, false),
  "recording.started": () => ({ recording: "on" }),
  "recording.paused": () => ({ recording: "paused" }),
  "recording.resumed": () => ({ recording: "on" }),
  "recording.failed": () => ({ recording: "off" }),
  "recording.finished": () => ({ recording: "off" }),
  "speech.started": () => ({ caller_speaking: true }),
  "speech.stopped": () => ({ caller_speaking: false }),
  "transcript.partial": (c, e) => ({ lines: callerLine(c, e, false) }),
  "transcript.final": (c, e) => ({ lines: callerLine(c, e, true) }),
  "dtmf.received": (c, e) => ({ lines: keysLine(c, e) }),
  "agent.speaking": speaking,
  "agent.said": (c, e) => ({ agent_speaking: false, lines: agentLine(c, e, {}) }),
  "agent.interrupted": (c, e) => ({
    agent_speaking: false,
    lines: agentLine(c, e, { heard_text: text(e, "heard_text") }),
  }),
  "flow.step": (_, e) => ({ step: text(e, "step") }),
  "slot.filled": (c, e) => ({
    slots: withSlot(c.slots, { slot: text(e, "slot"), value: text(e, "value"), confirmed: flag(e, "confirmed") }),
  }),
  "tool.called": (c, e) => note(c, e, "tool: " + text(e, "name")),
  "media.missing": (c, e) => note(c, e, text(e, "detail")),
  "provider.failed": (c, e) => note(c, e, text(e, "kind") + " failed: " + text(e, "detail")),
  error: (c, e) => note(c, e, "error: " + text(e, "detail")),
};

export function fold(calls: Calls, e: EventRecord): Calls {
  if (e.call === null) return calls;
  const old = calls.get(e.call);
  if (e.kind === "call.ended") {
    if (!old) return calls;
    const rest = new Map(calls);
    rest.delete(e.call);
    return rest;
  }
  if (old && e.seq <= old.seq) return calls; // the state has it already
  const before = old ?? newCall(e, e.call);
  const call: LiveCall = { ...before, ...folds[e.kind]?.(before, e), seq: e.seq };
  const surplus = call.lines.length - linesMax;
  if (surplus > 0) {
    call.lines = call.lines.slice(surplus);
    call.lines_dropped += surplus;
  }
  return new Map(calls).set(call.id, call);
}

export function fromState(calls: LiveCall[]): Calls {
  return new Map(calls.map((call) => [call.id, call]));
}
