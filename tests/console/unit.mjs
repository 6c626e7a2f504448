// unit: the console's TypeScript: its types by tsc, its modules by node's test runner.
//
//   node unit.mjs FOLDER    FOLDER takes the compiled tests

import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const console_ = join(root, "tools/console");
const folder = resolve(process.argv[2]);
const env = { ...process.env, FOLD_CASES: join(root, "tests/control/fold_cases.json") };

function run(...command) {
  const done = spawnSync(process.execPath, command, { cwd: console_, env, stdio: "inherit" });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

rmSync(folder, { recursive: true, force: true });
run("build.mjs", "--tests", folder);
run("node_modules/typescript/bin/tsc");
run("--test", ...readdirSync(folder).map((name) => join(folder, name)));
