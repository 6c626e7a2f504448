// live: the cards of the calls that live. A card is made once and then changed in place, so that what an
// operator is typing stays where it is.

import { h, setText } from "./dom";
import type { Calls } from "./fold";
import { duration, party, stateText } from "./format";
import { LineList } from "./lines";
import type { LiveCall } from "./types";

export interface Actions {
  say(call: string, text: string): Promise<unknown>;
  hold(call: string, on: boolean): Promise<unknown>;
  pauseRecording(call: string, on: boolean): Promise<unknown>;
  hangUp(call: string): Promise<unknown>;
}

class Card {
  readonly element: HTMLElement;
  private readonly parties = h("h3");
  private readonly state = h("span", { class: "chip" });
  private readonly activity = h("span", { class: "activity" });
  private readonly recording = h("span", { class: "recording" });
  private readonly hold = h("button", { type: "button" });
  private readonly pause = h("button", { type: "button" });
  private readonly clock = h("span", { class: "clock", title: "Duration" });
  private readonly escalated = h("p", { class: "escalated" });
  private readonly slots = h("dl", { class: "slots" });
  private readonly lines: LineList;
  private readonly problem = h("p", { class: "problem", role: "alert" });
  private shown: LiveCall | null = null;

  constructor(id: string, actions: Actions) {
    const log = h("ol", { class: "lines", role: "log", "aria-label": "Transcript", tabindex: "0" });
    this.lines = new LineList(log);
    this.element = h(
      "article",
      { class: "card", "data-call": id },
      h("header", {}, this.parties, this.activity, this.recording, this.state, this.clock),
      this.escalated,
      this.slots,
      log,
      this.problem,
      this.controls(id, actions),
    );
  }

  private controls(id: string, actions: Actions): HTMLElement {
    const input = h("input", {
      type: "text",
      "aria-label": "What the agent is to say",
      placeholder: "Have the agent say …",
      maxlength: "500",
      autocomplete: "off",
    });
    const say = h("button", { type: "submit" }, "Say");
    const hangUp = h("button", { type: "button", class: "danger" }, "Hang up");
    const form = h("form", { class: "controls" }, input, say, h("div", { class: "steering" }, this.hold, this.pause, hangUp));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = input.value.trim();
      if (text) void this.attempt(say, actions.say(id, text), () => (input.value = ""));
    });
    this.hold.addEventListener("click", () => {
      void this.attempt(this.hold, actions.hold(id, !this.shown?.held_by_operator), () => {});
    });
    this.pause.addEventListener("click", () => {
      void this.attempt(this.pause, actions.pauseRecording(id, this.shown?.recording !== "paused"), () => {});
    });
    hangUp.addEventListener("click", () => void this.attempt(hangUp, actions.hangUp(id), () => {}));
    return form;
  }

  private async attempt(button: HTMLButtonElement, work: Promise<unknown>, done: () => void): Promise<void> {
    button.disabled = true;
    setText(this.problem, "");
    try {
      await work;
      done();
    } catch (error) {
      setText(this.problem, error instanceof Error ? error.message : String(error));
    } finally {
      button.disabled = false;
    }
  }

  show(call: LiveCall): void {
    if (this.shown === call) return;
    const heading = `${party(call.from)} → ${party(call.to)}`;
    setText(this.parties, heading);
    this.parties.title = heading;
    this.element.setAttribute("aria-label", `Call ${heading}`);
    setText(this.state, stateText(call));
    const held = call.held_by_caller || call.held_by_operator;
    this.state.className = `chip ${held ? "held" : call.state}`;
    this.showSteering(call);
    setText(this.activity, call.agent_speaking ? "agent speaks" : call.caller_speaking ? "caller speaks" : "");
    setText(this.escalated, call.escalated === null ? "" : `A person is to take over: ${call.escalated}`);
    this.element.classList.toggle("is-escalated", call.escalated !== null);
    if (this.shown?.slots !== call.slots) this.showSlots(call);
    this.lines.show(call.lines);
    this.shown = call;
  }

  // What a button does next is what it is called.
  private showSteering(call: LiveCall): void {
    setText(this.hold, call.held_by_operator ? "Take back" : "Hold");
    this.hold.title = call.held_by_operator ? "The agent goes on" : "Music for the caller; the agent waits";
    this.hold.hidden = call.state !== "live";
    const paused = call.recording === "paused";
    setText(this.recording, paused ? "recording paused" : call.recording === "on" ? "recording" : "");
    this.recording.classList.toggle("paused", paused);
    setText(this.pause, paused ? "Resume recording" : "Pause recording");
    this.pause.hidden = call.recording === "off";
  }

  private showSlots(call: LiveCall): void {
    this.slots.replaceChildren(
      ...call.slots.map((s) =>
        h(
          "div",
          { class: s.confirmed ? "slot confirmed" : "slot" },
          h("dt", {}, s.slot.replaceAll("_", " ")),
          h("dd", { title: s.confirmed ? "Confirmed by the caller" : "Not confirmed yet" }, s.value),
        ),
      ),
    );
  }

  tick(now: number): void {
    const call = this.shown;
    if (!call) return;
    setText(this.clock, duration((now - Date.parse(call.answered_at ?? call.started_at)) / 1000));
  }
}

export class LiveCards {
  private readonly cards = new Map<string, Card>();

  constructor(
    private readonly element: HTMLElement,
    private readonly actions: Actions,
  ) {}

  show(calls: Calls): void {
    for (const [id, card] of this.cards) {
      if (calls.has(id)) continue;
      card.element.remove();
      this.cards.delete(id);
    }
    for (const call of calls.values()) {
      let card = this.cards.get(call.id);
      if (!card) {
        card = new Card(call.id, this.actions);
        this.cards.set(call.id, card);
        this.element.prepend(card.element);
      }
      card.show(call);
    }
  }

  tick(now: number): void {
    for (const card of this.cards.values()) card.tick(now);
  }
}
