// What the README shows is what happens.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { doesJestTell, fresh, root, runTool, UNTOLD } from "./support/run.mjs";

const timeout = 120_000;
const readme = readFileSync(join(root, "README.md"), "utf8");

/** The first block of a section in each language. */
function findBlocks(section) {
  const text = readme.split(`\n## ${section}\n`)[1].split("\n## ")[0];
  const blocks = text.split("```").filter((_, index) => index % 2 === 1);
  return (language) => blocks.find((block) => block.startsWith(`${language}\n`)).slice(language.length + 1);
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
