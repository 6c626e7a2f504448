// main: the page: joins the link, the fold and the views.

import { byId, setText } from "./dom";
import { fold, fromState, type Calls } from "./fold";
import { dialAddress } from "./format";
import { getJson, History } from "./history";
import { Link, type LinkState, type Socket } from "./link";
import { LiveCards } from "./live";
import type { EventRecord, Health, LiveCall } from "./types";

let calls: Calls = new Map();
let skewMs = Infinity; // this machine's clock less the engine's; the least delay seen is nearest
let drawing = false;

const history = new History(byId("ended"), byId("more"), byId("ended-note"));

const link = new Link(() => new WebSocket(`${location.origin.replace(/^http/, "ws")}/api/v1/ws`) as Socket, {
  state(list) {
    calls = fromState(list);
    history.refreshSoon(); // what ended meanwhile
    draw();
  },
  event(event) {
    skewMs = Math.min(skewMs, Date.now() - Date.parse(event.time));
    const before = calls;
    calls = fold(calls, event);
    if (event.kind === "call.ended") ended(event, before.get(event.call ?? ""));
    draw();
  },
  link: showLink,
});

const cards = new LiveCards(byId("live"), {
  say: (call, text) => link.command("call.say", { call, text }),
  hold: (call, on) => link.command(on ? "call.hold" : "call.resume", { call }),
  pauseRecording: (call, on) => link.command(on ? "recording.pause" : "recording.resume", { call }),
  hangUp: (call) => link.command("call.hangup", { call }),
});

function ended(event: EventRecord, call: LiveCall | undefined): void {
  if (!call) return;
  const reason = event.body["reason"];
  history.add({
    id: call.id,
    state: "ended",
    from_uri: call.from,
    to_uri: call.to,
    started_at: call.started_at,
    answered_at: call.answered_at,
    ended_at: event.time,
    end_reason: typeof reason === "string" ? reason : null,
  });
}

function draw(): void {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    cards.show(calls);
    tick();
    byId("empty").hidden = calls.size > 0;
    setText(byId("live-count"), String(calls.size));
    document.title = calls.size ? `(${calls.size}) Parley` : "Parley";
  });
}

function tick(): void {
  cards.tick(Date.now() - (Number.isFinite(skewMs) ? skewMs : 0));
}

function showLink(state: LinkState): void {
  const words = { connecting: "Connecting …", open: "Connected", lost: "Connection lost; trying again …" };
  const status = byId("link");
  status.dataset["state"] = state;
  setText(status, words[state]);
  document.body.classList.toggle("offline", state !== "open");
  if (state === "open") void showHealth();
}

async function showHealth(): Promise<void> {
  try {
    const health = await getJson<Health>("/health");
    setText(byId("version"), health.version ?? "");
    if (!health.sip) return;
    const address = dialAddress(health.sip, location.hostname);
    setText(byId("address"), address);
    setText(byId("command"), `baresip -e "/dial ${address}"`);
  } catch {
    // The link says that there is no connection; the empty state keeps its last address.
  }
}

function dialBox(): void {
  const form = byId<HTMLFormElement>("dial");
  const to = byId<HTMLInputElement>("dial-to");
  const answer = byId("dial-answer");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = to.value.trim();
    if (!text) return;
    setText(answer, "Dialling …");
    answer.className = "dim";
    link.command("call.dial", { to: text.includes(":") ? text : `sip:${text}` }).then(
      () => {
        to.value = "";
        setText(answer, "");
      },
      (error: unknown) => {
        answer.className = "problem";
        setText(answer, error instanceof Error ? error.message : String(error));
      },
    );
  });
}

dialBox();
void history.load(null);
link.open();
setInterval(tick, 500);
