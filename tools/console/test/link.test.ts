import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Link, type LinkState, type Socket } from "../src/link";
import type { Message } from "../src/types";

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  sent: Record<string, string>[] = [];
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, string>);
  }
  close(): void {
    this.onclose?.();
  }
  get(message: Message): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

function setUp() {
  // Timers by hand: Node 18's test runner has no mock timers.
  const timers: { run: () => void; ms: number }[] = [];
  const set = mock.method(globalThis, "setTimeout", (run: () => void, ms: number) => timers.push({ run, ms }));
  const clear = mock.method(globalThis, "clearTimeout", (index: number) => {
    if (timers[index - 1]) timers[index - 1]!.run = () => {};
  });
  const sockets: FakeSocket[] = [];
  const states: LinkState[] = [];
  let folded = 0;
  const link = new Link(
    () => {
      sockets.push(new FakeSocket());
      return sockets.at(-1)!;
    },
    { state: () => ++folded, event: () => {}, link: (s) => states.push(s) },
  );
  const done = (): void => {
    set.mock.restore();
    clear.mock.restore();
  };
  return { link, sockets, states, timers, folded: () => folded, done };
}

test("link: subscribes, is open with the state, and comes back when it was lost, ever slower", () => {
  const t = setUp();
  t.link.open();
  t.sockets[0]!.onopen?.();
  assert.equal(t.sockets[0]!.sent[0]!["type"], "subscribe");
  t.sockets[0]!.get({ type: "ack", id: t.sockets[0]!.sent[0]!["id"]! });
  t.sockets[0]!.get({ type: "state", calls: [] });
  assert.deepEqual(t.states, ["connecting", "open"]);
  const waits: number[] = [];
  for (let i = 0; i < 6; ++i) {
    t.sockets.at(-1)!.onclose?.();
    waits.push(t.timers.at(-1)!.ms);
    t.timers.at(-1)!.run();
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 8000]);
  t.sockets.at(-1)!.onopen?.();
  t.sockets.at(-1)!.get({ type: "state", calls: [] });
  assert.equal(t.folded(), 2);
  t.sockets.at(-1)!.onclose?.();
  assert.equal(t.timers.at(-1)!.ms, 500);
  t.done();
});

test("link: answers find their commands; a lost connection fails those that are open", async () => {
  const t = setUp();
  t.link.open();
  const socket = t.sockets[0]!;
  const dial = t.link.command("call.dial", { to: "sip:a@b" });
  const say = t.link.command("call.say", { call: "c", text: "hi" });
  const hangUp = t.link.command("call.hangup", { call: "c" });
  assert.deepEqual(socket.sent[1], { type: "call.say", id: socket.sent[1]!["id"], call: "c", text: "hi" });
  socket.get({ type: "error", id: socket.sent[1]!["id"]!, detail: "There is no such call." });
  socket.get({ type: "ack", id: socket.sent[0]!["id"]!, call: "new" });
  assert.equal(await dial, "new");
  await assert.rejects(say, /There is no such call/);
  socket.onclose?.();
  await assert.rejects(hangUp, /lost/);
  await assert.rejects(t.link.command("call.hangup", { call: "c" }), /no connection/);
  t.done();
});
