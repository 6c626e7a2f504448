// types: what the control server sends and answers; schema/control.json and schema/api.json in
// TypeScript.

export interface EventRecord {
  call: string | null;
  seq: number;
  at: number; // microseconds since the call began
  time: string;
  kind: string;
  body: Record<string, unknown>;
}

export interface Line {
  who: "caller" | "agent" | "keys" | "note";
  at: number;
  text: string;
  final: boolean;
  utterance?: number;
  response_ms?: number;
  heard_text?: string;
  rejected?: boolean;
}

export interface Slot {
  slot: string;
  value: string;
  confirmed: boolean;
}

export interface LiveCall {
  id: string;
  state: "ringing" | "live";
  direction: string;
  from: string;
  to: string;
  agent: string;
  started_at: string;
  answered_at: string | null;
  seq: number;
  caller_speaking: boolean;
  agent_speaking: boolean;
  held_by_caller: boolean;
  held_by_operator: boolean;
  recording: "off" | "on" | "paused";
  escalated: string | null;
  step: string;
  slots: Slot[];
  lines: Line[];
  lines_dropped: number;
}

export type Message =
  | { type: "ack"; id: string | number; call?: string }
  | { type: "error"; id: string | number | null; detail: string }
  | { type: "state"; calls: LiveCall[] }
  | { type: "resync"; dropped: number }
  | { type: "event"; event: EventRecord };

// A row of the history.
export interface Call {
  id: string;
  state: string;
  direction?: string;
  from_uri?: string | null;
  to_uri?: string | null;
  end_reason?: string | null;
  started_at?: string | null;
  answered_at?: string | null;
  ended_at?: string | null;
}

export interface TranscriptEntry {
  sequence_number: number;
  at: number;
  entry_type: string;
  speaker?: string | null;
  text: string;
  heard_text?: string | null;
}

export interface CallPage {
  items: Call[];
  next: string | null;
}

export interface Health {
  status: string;
  version?: string;
  sip?: string;
}
