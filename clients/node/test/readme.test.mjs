// What the READMEs show is what happens.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { doesJestTell, fresh, root, runTool, UNTOLD } from "./support/run.mjs";

const timeout = 120_000;
const readme = readFileSync(join(root, "README.md"), "utf8");

/** The blocks of a section in a language. */
function findAllBlocks(document, section, language) {
  const text = document.split(`\n## ${section}\n`)[1].split("\n## ")[0];
  const blocks = text.split("```").filter((_, index) => index % 2 === 1);
  return blocks.filter((block) => block.startsWith(`${language}\n`)).map((block) => block.slice(language.length + 1));
}

/** The first block of a section in each language. */
function findBlocks(section) {
  return (language) => findAllBlocks(readme, section, language)[0];
}

test("of Vitest", { timeout }, async () => {
  const block = findBlocks("Vitest");
  writeFileSync(join(fresh, "vitest/readme.test.ts"), block("ts"));
  const { code, stderr } = await runTool("vitest", ["run", "--root", "vitest", "readme"]);
  assert.equal(code, 1);
  assert.ok(stderr.includes(block("")), stderr);
});

test("of Jest", { timeout }, async () => {
  const block = findBlocks("Jest");
  writeFileSync(join(fresh, "jest/readme.test.js"), block("js"));
  const { code, stdout, stderr } = await runTool("jest", ["--rootDir", "jest", "readme"]);
  assert.equal(code, 1);
  const [said, saw] = block("").split("\n\n");
  assert.ok(stderr.includes(doesJestTell ? `${said}\n\n${saw}` : said), stderr);
  assert.equal(stdout.includes(UNTOLD), !doesJestTell);
});

test("of the project", { timeout }, async () => {
  const project = readFileSync(process.env["PROJECT_README"] ?? join(root, "../../README.md"), "utf8");
  const section = "What it finds in the first minute";
  const [script, text] = findAllBlocks(project, section, "js");
  const shown = findAllBlocks(project, section, "").at(-1);
  mkdirSync(join(fresh, "vitest/project"));
  writeFileSync(join(fresh, "vitest/project/licenses.js"), script);
  writeFileSync(join(fresh, "vitest/project/readme.test.js"), text);
  const { code, stderr } = await runTool("vitest", ["run", "--root", "vitest/project"]);
  assert.equal(code, 1);
  for (const part of shown.split("…\n")) assert.ok(stderr.includes(part), stderr);
});
