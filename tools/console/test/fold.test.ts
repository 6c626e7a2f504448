import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fold, fromState, type Calls } from "../src/fold";
import type { EventRecord, LiveCall } from "../src/types";

interface Case {
  name: string;
  events: EventRecord[];
  calls: LiveCall[];
}
const path = process.env["FOLD_CASES"] ?? "../../tests/control/fold_cases.json";
const cases = JSON.parse(readFileSync(path, "utf8")) as Case[];
const empty: Calls = new Map();
const first: EventRecord = { call: "c", seq: 1, at: 0, time: "1970-01-01T00:00:00.000000Z", kind: "call.created", body: {} };

for (const c of cases) {
  test(`as the server folds: ${c.name}`, () => {
    assert.deepEqual([...c.events.reduce(fold, empty).values()], c.calls);
  });
}

test("an event that the state has already changes nothing", () => {
  const calls = fromState([{ ...[...fold(empty, first).values()][0]!, seq: 5 }]);
  assert.equal(fold(calls, { ...first, seq: 5, kind: "transcript.final", body: { text: "again" } }), calls);
});

test("a call that did not change stays the same object", () => {
  const both = fold(fold(empty, first), { ...first, call: "d" });
  const after = fold(both, { ...first, call: "d", seq: 2, kind: "speech.started" });
  assert.equal(after.get("c"), both.get("c"));
  assert.notEqual(after.get("d"), both.get("d"));
});

test("old lines go when there are too many, and are counted", () => {
  let calls = fold(empty, first);
  for (let seq = 2; seq < 212; ++seq) calls = fold(calls, { ...first, seq, kind: "transcript.final", body: { text: String(seq) } });
  assert.equal(calls.get("c")!.lines.length, 200);
  assert.equal(calls.get("c")!.lines_dropped, 10);
  assert.equal(calls.get("c")!.lines[0]!.text, "12");
});
