// build: bundles the console's page and writes it as C++ for engine/control, or as a folder.
//
//   node build.mjs                 dist/: index.html, style.css, console.js (for Options::page)
//   node build.mjs --cpp FILE      the same as the definition of embedded_page()
//   node build.mjs --tests FOLDER  the unit tests, one .mjs each
//
// What it needs from npm is installed by tools/setup; when it is missing this asks npm for it, so that
// a build in a fresh tree works where npm can reach its registry or its cache.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const types = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

async function bundler() {
  if (!existsSync(join(here, "node_modules", "esbuild"))) {
    const npm = spawnSync("npm", ["ci", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: here,
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (npm.status !== 0) {
      console.error("tools/console: its npm packages are missing and npm ci failed; run tools/setup");
      process.exit(1);
    }
  }
  return await import("esbuild");
}

const common = { bundle: true, target: "es2022", charset: "utf8", legalComments: "none", write: false };

async function page() {
  const esbuild = await bundler();
  const built = await esbuild.build({
    ...common,
    entryPoints: [join(here, "src/main.ts")],
    format: "esm",
    minify: true,
  });
  return [
    { name: "index.html", text: readFileSync(join(here, "src/index.html"), "utf8") },
    { name: "style.css", text: readFileSync(join(here, "src/style.css"), "utf8") },
    { name: "console.js", text: built.outputFiles[0].text },
  ];
}

// Each byte as it is; three octal digits, so that no digit that follows is taken for a part of it.
function literal(text) {
  let out = "", line = '"';
  for (const byte of Buffer.from(text, "utf8")) {
    const c = String.fromCharCode(byte);
    if (c === '"' || c === "\\" || c === "?") line += "\\" + c;
    else if (byte >= 32 && byte < 127) line += c;
    else line += "\\" + byte.toString(8).padStart(3, "0");
    if (line.length > 96) {
      out += "      " + line + '"\n';
      line = '"';
    }
  }
  return out + "      " + line + '"';
}

function cpp(files) {
  const assets = files.map(({ name, text }) => {
    const path = name === "index.html" ? "/" : "/" + name;
    const type = types[name.slice(name.lastIndexOf("."))];
    return `      {"${path}", "${type}",\n${literal(text)}},\n`;
  });
  return `// Made from tools/console by build.mjs.
#include "engine/control/page.hpp"

namespace parley::control {

std::vector<Asset> embedded_page() {
  return {
${assets.join("")}  };
}

}  // namespace parley::control
`;
}

async function tests(folder) {
  const esbuild = await bundler();
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(join(here, "test")).filter((n) => n.endsWith(".test.ts"))) {
    const built = await esbuild.build({
      ...common,
      entryPoints: [join(here, "test", name)],
      format: "esm",
      platform: "node",
      target: "node18",
    });
    writeFileSync(join(folder, name.replace(".ts", ".mjs")), built.outputFiles[0].text);
  }
}

const [what, where] = process.argv.slice(2);
if (what === "--cpp") {
  writeFileSync(where, cpp(await page()));
} else if (what === "--tests") {
  await tests(resolve(where));
} else {
  const dist = join(here, "dist");
  mkdirSync(dist, { recursive: true });
  for (const { name, text } of await page()) writeFileSync(join(dist, name), text);
}
