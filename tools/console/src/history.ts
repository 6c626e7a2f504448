// history: the ended calls, from REST, a page at a time; a call's transcript when it is opened. A call
// that ends while the page is open stands here at once, before the database has it.

import { h, setText } from "./dom";
import { duration, moment, party, reasonText, reasonTone, secondsBetween } from "./format";
import { LineList } from "./lines";
import type { Call, CallPage, Line, TranscriptEntry } from "./types";

const pageSize = 30;
const settleMs = 400; // the store writes within 50 ms

export async function getJson<T>(path: string): Promise<T> {
  const answer = await fetch(path, { headers: { accept: "application/json" } });
  const body = (await answer.json()) as T & { detail?: string };
  if (!answer.ok) throw new Error(body.detail ?? `The engine answered ${answer.status}.`);
  return body;
}

function asLine(entry: TranscriptEntry): Line {
  const spoken = entry.speaker === "agent" || entry.speaker === "caller";
  const who = entry.entry_type === "dtmf" ? "keys" : spoken ? (entry.speaker as "agent" | "caller") : "note";
  const line: Line = { who, at: entry.at, text: entry.text, final: true };
  const heard = entry.heard_text;
  if (typeof heard === "string" && heard !== entry.text) line.heard_text = heard;
  return line;
}

async function showTranscript(id: string, into: HTMLElement): Promise<void> {
  try {
    const call = await getJson<{ transcript: TranscriptEntry[] }>(`/api/v1/calls/${encodeURIComponent(id)}`);
    const list = new LineList(h("ol", { class: "lines" }));
    list.show(call.transcript.map(asLine));
    into.replaceChildren(call.transcript.length ? list.element : h("p", { class: "dim" }, "Nothing was said."));
  } catch (error) {
    into.replaceChildren(h("p", { class: "problem" }, error instanceof Error ? error.message : String(error)));
  }
}

function row(call: Call): HTMLLIElement {
  const when = call.started_at ? moment(call.started_at, new Date()) : "";
  const from = call.answered_at ?? call.started_at;
  const length = from && call.ended_at ? duration(secondsBetween(from, call.ended_at)) : "";
  const body = h("div", { class: "transcript" }, h("p", { class: "dim" }, "Loading …"));
  const details = h(
    "details",
    {},
    h(
      "summary",
      {},
      h("div", {}, h("span", { class: "parties" }, `${party(call.from_uri)} → ${party(call.to_uri)}`), h("time", {}, when)),
      h(
        "div",
        {},
        h("span", { class: `reason ${reasonTone(call.end_reason)}` }, reasonText(call.end_reason)),
        h("span", { class: "clock" }, length),
      ),
    ),
    body,
  );
  details.addEventListener("toggle", () => {
    if (details.open) void showTranscript(call.id, body);
  });
  return h("li", { class: "ended", "data-call": call.id }, details);
}

export class History {
  private readonly rows = new Map<string, HTMLLIElement>();
  private next: string | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly list: HTMLElement,
    private readonly more: HTMLButtonElement,
    private readonly note: HTMLElement,
  ) {
    more.addEventListener("click", () => void this.load(this.next));
  }

  // A call has just ended: here it is, and soon as the database has it.
  add(call: Call): void {
    this.put(call, true);
    setText(this.note, "");
    this.refreshSoon();
  }

  refreshSoon(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.load(null), settleMs);
  }

  async load(cursor: string | null): Promise<void> {
    try {
      const query = new URLSearchParams({ state: "ended", limit: String(pageSize) });
      if (cursor) query.set("cursor", cursor);
      const page = await getJson<CallPage>(`/api/v1/calls?${query}`);
      // The first page is newest first, and so is what stands here: what is new goes to the top.
      const fresh = cursor ? page.items : page.items.slice().reverse();
      for (const call of fresh) this.put(call, !cursor);
      if (cursor || this.rows.size <= pageSize) this.next = page.next;
      this.more.hidden = this.next === null;
      setText(this.note, this.rows.size ? "" : "No call has ended yet.");
    } catch (error) {
      setText(this.note, error instanceof Error ? error.message : String(error));
    }
  }

  private put(call: Call, first: boolean): void {
    const old = this.rows.get(call.id);
    if (old?.querySelector("details")?.open) return; // being read
    const element = row(call);
    this.rows.set(call.id, element);
    if (old) old.replaceWith(element);
    else if (first) this.list.prepend(element);
    else this.list.append(element);
  }
}
