// link: the WebSocket to the control server: subscribes, hands on what comes, matches answers to
// commands, and connects again when the connection is lost. The server sends the live state after each
// subscribe, so a new connection is always in step.

import type { EventRecord, LiveCall, Message } from "./types";

export type LinkState = "connecting" | "open" | "lost";

export interface Socket {
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((message: { data: unknown }) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface Heard {
  state(calls: LiveCall[]): void;
  event(event: EventRecord): void;
  link(state: LinkState): void;
}

const firstWaitMs = 500;
const longestWaitMs = 8000;
const answerMs = 10_000;

interface Pending {
  done(call: string | undefined): void;
  failed(error: Error): void;
  deadline: ReturnType<typeof setTimeout>;
}

export class Link {
  private socket: Socket | null = null;
  private readonly pending = new Map<string, Pending>();
  private nextId = 1;
  private waitMs = firstWaitMs;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly connectTo: () => Socket,
    private readonly heard: Heard,
  ) {}

  open(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.heard.link("connecting");
    const socket = this.connectTo();
    this.socket = socket;
    socket.onopen = () => void this.command("subscribe", {}).catch(() => socket.close());
    socket.onmessage = (message) => this.take(JSON.parse(String(message.data)) as Message);
    socket.onclose = () => this.lost();
  }

  // Resolves with the call that the answer names, if any; rejects with the server's sentence.
  command(type: string, fields: Record<string, string>): Promise<string | undefined> {
    return new Promise((done, failed) => {
      const id = String(this.nextId++);
      const deadline = setTimeout(() => {
        this.pending.delete(id);
        failed(new Error("The engine did not answer."));
      }, answerMs);
      this.pending.set(id, { done, failed, deadline });
      try {
        if (!this.socket) throw new Error("closed");
        this.socket.send(JSON.stringify({ type, id, ...fields }));
      } catch {
        this.settle(id)?.failed(new Error("There is no connection to the engine."));
      }
    });
  }

  private take(message: Message): void {
    switch (message.type) {
      case "ack":
        this.settle(message.id)?.done(message.call);
        break;
      case "error":
        this.settle(message.id)?.failed(new Error(message.detail));
        break;
      case "state":
        this.waitMs = firstWaitMs;
        this.heard.state(message.calls);
        this.heard.link("open");
        break;
      case "event":
        this.heard.event(message.event);
        break;
      case "resync":
        break; // the state that replaces everything follows
    }
  }

  private settle(id: string | number | null): Pending | undefined {
    const pending = this.pending.get(String(id));
    if (pending) clearTimeout(pending.deadline);
    this.pending.delete(String(id));
    return pending;
  }

  private lost(): void {
    this.socket = null;
    for (const id of [...this.pending.keys()])
      this.settle(id)?.failed(new Error("The connection to the engine was lost."));
    this.heard.link("lost");
    this.timer = setTimeout(() => this.open(), this.waitMs);
    this.waitMs = Math.min(this.waitMs * 2, longestWaitMs);
  }
}
