// browser: the console's page in Chromium against the real control server: what an operator sees and
// does. Prints each step; exit 0 only when all of them were right.
//
//   node browser.mjs CONSOLE_SERVER [FOLDER for screenshots]

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const { chromium } = createRequire(join(root, "tools/console/package.json"))("playwright-core");
const [program, shots] = process.argv.slice(2);
const patienceMs = 20_000;

// The scripted engine: lines in, lines out.
class Engine {
  constructor() {
    this.process = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
    this.lines = [];
    this.waiting = [];
    createInterface({ input: this.process.stdout }).on("line", (line) => {
      this.lines.push(JSON.parse(line));
      this.waiting = this.waiting.filter((look) => !look());
    });
  }

  // The first line not taken yet that has `key`.
  line(key) {
    return new Promise((done, failed) => {
      const deadline = setTimeout(() => failed(new Error(`the server did not say ${key}`)), patienceMs);
      const look = () => {
        const index = this.lines.findIndex((l) => key in l);
        if (index < 0) return false;
        clearTimeout(deadline);
        done(this.lines.splice(index, 1)[0]);
        return true;
      };
      if (!look()) this.waiting.push(look);
    });
  }

  async publish(call, kind, body = {}) {
    this.process.stdin.write(JSON.stringify({ publish: { call, kind, body } }) + "\n");
    await this.line("published");
  }

  async restart() {
    this.process.stdin.write(JSON.stringify({ restart: true }) + "\n");
    await this.line("address");
  }
}

const steps = [];
const step = (name, run) => steps.push({ name, run });
const seen = (locator) => locator.waitFor({ state: "visible", timeout: patienceMs });
const gone = (locator) => locator.waitFor({ state: "detached", timeout: patienceMs });

step("an empty page says how to place a call", async ({ page, shoot }) => {
  await seen(page.getByText("Connected", { exact: true }));
  await seen(page.getByText("No call is live."));
  await seen(page.getByText("sip:reception@127.0.0.1:5060", { exact: true }));
  await seen(page.getByText("No call has ended yet."));
  await shoot("empty");
});

step("a call appears, rings, is live", async ({ page, engine }) => {
  await engine.publish("c1", "call.created", {
    direction: "inbound", from: "sip:ada@10.0.0.7:5062", to: "sip:reception@127.0.0.1", agent: "reception",
  });
  const card = page.locator('[data-call="c1"]');
  await seen(card.getByText("Ringing", { exact: true }));
  await engine.publish("c1", "call.answered", { codec: "PCMU", local: "", remote: "" });
  await seen(card.getByText("Live", { exact: true }));
  await seen(card.getByRole("heading", { name: "ada@10.0.0.7 → reception@127.0.0.1" }));
  assert.equal(await page.locator("#empty").isVisible(), false);
});

step("a partial is grey and is replaced by the final", async ({ page, engine }) => {
  await engine.publish("c1", "agent.speaking", { turn: 0, utterance: 1, text: "Good morning, this is the reception. Who is calling?", response_ms: -1 });
  await engine.publish("c1", "agent.said", { turn: 0, utterance: 1, text: "Good morning, this is the reception. Who is calling?" });
  await engine.publish("c1", "speech.started");
  await seen(page.getByText("caller speaks"));
  await engine.publish("c1", "transcript.partial", { text: "my name" });
  await seen(page.locator(".line.partial").getByText("my name"));
  await engine.publish("c1", "speech.stopped", { voiced_ms: 900, voiced_until: 1 });
  await engine.publish("c1", "transcript.final", { text: "my name is Ada Lovelace", confidence: 0.9, rejected: false });
  await seen(page.locator(".line.caller:not(.partial)").getByText("my name is Ada Lovelace"));
  assert.equal(await page.locator(".line.caller").count(), 1);
});

step("the answer shows its response time", async ({ page, engine }) => {
  await engine.publish("c1", "slot.filled", { slot: "name", value: "Ada Lovelace", confirmed: true });
  await engine.publish("c1", "agent.speaking", { turn: 1, utterance: 2, text: "Thank you, Ada. What is it about? You can also ask to", response_ms: 412 });
  await seen(page.locator(".line.agent").getByText("412 ms", { exact: true }));
  await seen(page.locator(".slot.confirmed").getByText("Ada Lovelace"));
});

step("an interrupted utterance shows what was heard, the rest struck through", async ({ page, engine }) => {
  const text = "Thank you, Ada. What is it about? You can also ask to speak to a human.";
  await engine.publish("c1", "agent.interrupted", { turn: 1, utterance: 2, text, heard_text: "Thank you, Ada. What is it about?", by: "speech" });
  await seen(page.locator(".line.agent del").getByText("You can also ask to speak to a human."));
  await seen(page.getByText("interrupted", { exact: true }));
  assert.equal(await page.locator(".line.agent").count(), 2);
});

step("keys, rejected speech and escalation are shown", async ({ page, engine }) => {
  await engine.publish("c1", "transcript.final", { text: "", confidence: 0.1, rejected: true });
  await seen(page.getByText("something that was not understood"));
  for (const digit of "5550123#") await engine.publish("c1", "dtmf.received", { digit, duration_ms: 100 });
  await seen(page.locator(".line.keys kbd").nth(7));
  await engine.publish("c1", "slot.filled", { slot: "callback_number", value: "5550123", confirmed: false });
  await engine.publish("c1", "call.escalated", { reason: "asked for a human" });
  await seen(page.getByText("A person is to take over: asked for a human"));
  await engine.publish("c1", "agent.speaking", { turn: 2, utterance: 3, text: "Someone will call you back.", response_ms: 1240 });
});

step("what a caller says is text, never markup", async ({ page, engine }) => {
  await engine.publish("c2", "call.created", { direction: "inbound", from: "sip:<img src=x onerror=alert(1)>@x", to: "sip:reception@127.0.0.1", agent: "reception" });
  await engine.publish("c2", "transcript.final", { text: "<script>document.title='owned'</script>", confidence: 1, rejected: false });
  await seen(page.getByText("<script>document.title='owned'</script>"));
  assert.equal(await page.locator("main img, main script").count(), 0);
});

step("say and hang up reach the backend", async ({ page, engine }) => {
  const card = page.locator('[data-call="c1"]');
  const input = card.getByLabel("What the agent is to say");
  await input.fill("One moment, please.");
  await engine.publish("c1", "agent.said", { turn: 2, utterance: 3, text: "Someone will call you back." });
  assert.equal(await input.inputValue(), "One moment, please.", "an event must not touch what is being typed");
  await input.press("Enter");
  assert.deepEqual(await engine.line("command"), { command: "say", call: "c1", text: "One moment, please." });
  await page.waitForFunction(() => document.querySelector('[data-call="c1"] input').value === "");
  await card.getByRole("button", { name: "Hang up" }).click();
  assert.deepEqual(await engine.line("command"), { command: "hangup", call: "c1" });
});

step("hold and take back reach the backend; the card says who holds the call", async ({ page, engine, shoot }) => {
  const card = page.locator('[data-call="c1"]');
  const command = async (name, answer) => {
    await card.getByRole("button", { name, exact: true }).click();
    assert.deepEqual(await engine.line("command"), { command: answer, call: "c1" });
  };
  await command("Hold", "hold");
  await seen(card.getByText("Live", { exact: true })); // until the engine says that it is held
  await engine.publish("c1", "call.held", { by: "operator" });
  await seen(card.getByText("On hold", { exact: true }));
  assert.equal(await card.getByRole("button", { name: "Hold", exact: true }).count(), 0);
  await engine.publish("c1", "call.held", { by: "caller" });
  await seen(card.getByText("On hold, and held by the caller", { exact: true }));
  await engine.publish("c1", "call.resumed", { by: "caller" });
  await seen(card.getByText("On hold", { exact: true }));
  await shoot("held");
  await command("Take back", "take back");
  await engine.publish("c1", "call.resumed", { by: "operator" });
  await seen(card.getByText("Live", { exact: true }));
  await engine.publish("c1", "call.held", { by: "caller" }); // theirs to end, not ours
  await seen(card.getByText("Held by the caller", { exact: true }));
  await seen(card.getByRole("button", { name: "Hold", exact: true }));
  await engine.publish("c1", "call.resumed", { by: "caller" });
});

step("a recording is paused and resumed, where there is one", async ({ page, engine, shoot }) => {
  const card = page.locator('[data-call="c1"]');
  assert.equal(await card.getByRole("button", { name: /recording/ }).count(), 0);
  await engine.publish("c1", "recording.started", { path: "c1.wav", format: "wav" });
  await seen(card.getByText("recording", { exact: true }));
  await card.getByRole("button", { name: "Pause recording" }).click();
  assert.deepEqual(await engine.line("command"), { command: "pause recording", call: "c1" });
  await engine.publish("c1", "recording.paused", { position_ms: 4000 });
  await seen(card.getByText("recording paused", { exact: true }));
  await shoot("paused");
  await card.getByRole("button", { name: "Resume recording" }).click();
  assert.deepEqual(await engine.line("command"), { command: "resume recording", call: "c1" });
  await engine.publish("c1", "recording.resumed", { position_ms: 9000 });
  await seen(card.getByRole("button", { name: "Pause recording" }));
});

step("a command that is refused says why on its card", async ({ page, engine }) => {
  const card = page.locator('[data-call="c2"]');
  assert.equal(await card.getByRole("button", { name: "Hold", exact: true }).count(), 0); // it only rings
  await engine.publish("c2", "call.answered", { codec: "PCMU", local: "", remote: "" });
  await card.getByRole("button", { name: "Hold", exact: true }).click();
  await engine.line("command");
  await seen(card.getByText("there is no live call c2"));
});

step("dialling reaches the backend; a refusal is shown", async ({ page, engine }) => {
  await page.getByLabel("Address to call").fill("bob@10.0.0.9");
  await page.getByRole("button", { name: "Call", exact: true }).click();
  assert.deepEqual(await engine.line("command"), { command: "dial", to: "sip:bob@10.0.0.9" });
  await page.waitForFunction(() => document.querySelector("#dial-to").value === "");
  await page.getByLabel("Address to call").fill("sip:eve@far.example");
  await page.keyboard.press("Enter");
  await engine.line("command");
  await seen(page.getByText("far.example is not in [sip] dial_hosts."));
});

step("screenshots, light and dark", async ({ page, engine, shoot }) => {
  await engine.publish("c2", "call.ended", { reason: "max_duration", code: 0, detail: "" });
  await gone(page.locator('.card[data-call="c2"]'));
  await engine.publish("c3", "call.created", { direction: "outbound", from: "sip:parley@127.0.0.1", to: "sip:bob@10.0.0.9", agent: "reception" });
  await engine.publish("c3", "call.answered", { codec: "PCMA", local: "", remote: "" });
  await engine.publish("c3", "agent.speaking", { turn: 0, utterance: 1, text: "Hello, I am calling for the workshop about your car.", response_ms: -1 });
  await engine.publish("c3", "transcript.partial", { text: "oh yes is it" });
  await seen(page.locator('[data-call="c3"] .partial'));
  await shoot("live");
});

step("an ended call goes to the ended ones with its reason and its transcript", async ({ page, engine, shoot }) => {
  await engine.publish("c1", "call.ended", { reason: "caller_hangup", code: 0, detail: "" });
  await gone(page.locator('.card[data-call="c1"]'));
  const row = page.locator('.ended[data-call="c1"]');
  await seen(row.getByText("The caller hung up"));
  assert.equal(await page.locator("#ended > li").first().getAttribute("data-call"), "c1");
  await row.locator("summary").click();
  await seen(row.getByText("my name is Ada Lovelace"));
  await shoot("ended");
});

step("a lost connection is said, and made good by itself", async ({ page, engine }) => {
  await engine.restart();
  await page.evaluate(() => { window.sameDocument = true; });
  await engine.publish("c4", "call.created", { direction: "inbound", from: "sip:new@x", to: "sip:reception@y", agent: "reception" });
  await seen(page.locator('[data-call="c4"]'));
  await seen(page.getByText("Connected", { exact: true }));
  assert.equal(await page.evaluate(() => window.sameDocument), true);
  // The new server knows nothing of c3, and so the page does not either.
  await gone(page.locator('.card[data-call="c3"]'));
});

step("earlier calls come a page at a time", async ({ page, engine }) => {
  for (let i = 0; i < 40; ++i) {
    await engine.publish(`m${i}`, "call.created", { direction: "inbound", from: `sip:m${i}@x`, to: "sip:reception@y", agent: "reception" });
    await engine.publish(`m${i}`, "call.ended", { reason: "caller_hangup", code: 0, detail: "" });
  }
  await page.reload();
  await seen(page.locator("#more"));
  assert.equal(await page.locator("#ended > li").count(), 30);
  await page.locator("#more").click();
  await page.waitForFunction(() => document.querySelectorAll("#ended > li").length === 42);
  assert.equal(await page.locator("#more").isVisible(), false);
});

step("all of it can be reached by keyboard", async ({ page, engine }) => {
  await engine.publish("c4", "call.answered", { codec: "PCMU", local: "", remote: "" });
  await engine.publish("c4", "recording.started", { path: "c4.wav", format: "wav" });
  await page.reload();
  await seen(page.locator('.card[data-call="c4"]'));
  const reached = new Set();
  for (let i = 0; i < 12; ++i) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement.textContent || document.activeElement.getAttribute("aria-label")));
  }
  for (const name of ["Skip to the live calls", "Address to call", "Call", "What the agent is to say", "Say", "Hold", "Pause recording", "Hang up"])
    assert.ok(reached.has(name), `${name} among ${[...reached].join(", ")}`);
});

async function main() {
  const engine = new Engine();
  const { address } = await engine.line("address");
  const profile = mkdtempSync(join(tmpdir(), "parley-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    viewport: { width: 1360, height: 860 },
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(patienceMs);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    const expected = /WebSocket connection to|ERR_CONNECTION_REFUSED|Failed to fetch/.test(message.text());
    if (message.type() === "error" && !expected) complaints.push(message.text());
  });
  const foreign = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.host !== address && url.protocol !== "data:") foreign.push(request.url());
  });
  const shoot = async (name) => {
    if (!shots) return;
    mkdirSync(shots, { recursive: true });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(shots, `${name}-${colorScheme}.png`) });
    }
    await page.emulateMedia({ colorScheme: null });
  };
  let failed = 0;
  try {
    await page.goto(`http://${address}/`);
    for (const { name, run } of steps) {
      await run({ page, engine, shoot });
      console.log(`ok: ${name}`);
    }
    assert.deepEqual(complaints, [], "the page complained");
    assert.deepEqual(foreign, [], "the page asked others than its server");
  } catch (error) {
    failed = 1;
    console.error(error);
    if (shots) await page.screenshot({ path: join(shots, "failed.png") });
  }
  await context.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  engine.process.stdin.end();
  return failed;
}

process.exitCode = await main();
