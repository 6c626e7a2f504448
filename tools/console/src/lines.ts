// lines: how a line of a transcript looks; and a list of them that changes only where they do.

import { h } from "./dom";
import { duration, splitHeard } from "./format";
import type { Line } from "./types";

const names = { caller: "Caller", agent: "Agent", keys: "Keys", note: "Note" } as const;

function words(line: Line): (Node | string)[] {
  if (line.heard_text !== undefined) {
    const { heard, unheard } = splitHeard(line.text, line.heard_text);
    const cut = h("del", { title: "The caller did not hear this" }, unheard);
    return unheard.trim() ? [heard, cut] : [heard];
  }
  if (line.who === "keys") return [...line.text].map((digit) => h("kbd", {}, digit));
  if (line.rejected || !line.text.trim())
    return [h("span", { class: "dim" }, line.text.trim() || "something that was not understood")];
  return [line.text];
}

function badges(line: Line): Node[] {
  const out: Node[] = [];
  if (line.heard_text !== undefined) out.push(h("span", { class: "badge cut" }, "interrupted"));
  if (line.rejected) out.push(h("span", { class: "badge" }, "no answer in it"));
  if (line.response_ms !== undefined) {
    const pace = line.response_ms <= 800 ? "fast" : line.response_ms <= 1500 ? "fair" : "slow";
    const title = "From the caller's last sound to the agent's first";
    out.push(h("span", { class: `badge response ${pace}`, title }, `${line.response_ms} ms`));
  }
  return out;
}

function lineElement(line: Line): HTMLLIElement {
  const state = line.final ? "" : line.who === "agent" ? " speaking" : " partial";
  return h(
    "li",
    { class: `line ${line.who}${state}` },
    h("span", { class: "who" }, names[line.who]),
    h("div", { class: "said" }, h("p", { class: "words" }, ...words(line)), ...badges(line)),
    h("time", {}, duration(line.at / 1e6)),
  );
}

export class LineList {
  private shown: Line[] = [];

  constructor(readonly element: HTMLOListElement) {}

  show(lines: Line[]): void {
    const atEnd = this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight < 40;
    while (this.shown.length > lines.length) {
      this.shown.pop();
      this.element.lastElementChild?.remove();
    }
    lines.forEach((line, i) => {
      if (this.shown[i] === line) return;
      const element = lineElement(line);
      const old = this.element.children[i];
      if (old) old.replaceWith(element);
      else this.element.append(element);
      this.shown[i] = line;
    });
    if (atEnd) this.element.scrollTop = this.element.scrollHeight;
  }
}
