// format: how times, addresses, states, reasons and interrupted speech are shown. Pure.

import type { LiveCall } from "./types";

// 65 -> "1:05", 3700 -> "1:01:40"
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor((s % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

// The hour for today, the day too for before.
export function moment(time: string, now: Date): string {
  const then = new Date(time);
  const hour = then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (then.toDateString() === now.toDateString()) return hour;
  return `${then.toLocaleDateString([], { day: "numeric", month: "short" })}, ${hour}`;
}

export const secondsBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;

// "sip:alice@host:5060;x=y" or "\"Alice\" <sip:alice@host>" -> "alice@host"
export function party(address: string | null | undefined): string {
  if (!address) return "unknown";
  const inner = /<([^>]*)>/.exec(address)?.[1] ?? address;
  const plain = inner.replace(/^(sips?|tel):/i, "").replace(/[;?].*$/, "").replace(/:\d+$/, "");
  return plain || "unknown";
}

// What a live call is doing.
export function stateText(call: Pick<LiveCall, "state" | "held_by_caller" | "held_by_operator">): string {
  if (call.held_by_caller) return call.held_by_operator ? "On hold, and held by the caller" : "Held by the caller";
  if (call.held_by_operator) return "On hold";
  return call.state === "live" ? "Live" : "Ringing";
}

const reasons: Record<string, string> = {
  caller_hangup: "The caller hung up",
  agent_hangup: "The agent said goodbye",
  operator_hangup: "An operator hung up",
  cancelled: "Cancelled before it was answered",
  refused: "Refused",
  rejected: "The far end declined",
  busy: "Busy",
  no_answer: "No answer",
  failed: "Failed",
  media_timeout: "No audio arrived",
  max_duration: "Reached its longest duration",
  silence: "Nobody spoke",
  shutdown: "The engine was shut down",
  interrupted: "The engine stopped in mid-call",
};

export function reasonText(reason: string | null | undefined): string {
  if (!reason) return "Ended";
  return reasons[reason] ?? reason.replaceAll("_", " ");
}

export type Tone = "good" | "plain" | "bad";

export function reasonTone(reason: string | null | undefined): Tone {
  if (reason === "caller_hangup" || reason === "agent_hangup") return "good";
  if (reason === "operator_hangup" || reason === "cancelled" || reason === "busy" || reason === "no_answer")
    return "plain";
  return "bad";
}

// What was heard of an interrupted utterance, and what was not.
export function splitHeard(text: string, heard: string): { heard: string; unheard: string } {
  const start = heard.trim();
  if (!text.startsWith(start)) return { heard: start, unheard: "" };
  return { heard: start, unheard: text.slice(start.length) };
}

// Where a softphone reaches the engine; an engine on all interfaces is where this page came from.
export function dialAddress(sip: string, pageHost: string): string {
  const port = sip.slice(sip.lastIndexOf(":") + 1);
  const host = sip.slice(0, sip.lastIndexOf(":"));
  const wildcard = host === "0.0.0.0" || host === "[::]" || host === "";
  return `sip:reception@${wildcard ? pageHost : host}:${port}`;
}
