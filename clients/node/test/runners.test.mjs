// Vitest and Jest, run as a user runs them.
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { becomes, doesJestTell, fresh, runTool, startScript, UNTOLD } from "./support/run.mjs";

const timeout = 240_000;

const SAW = `What Locum saw:
  503 POST /api/v1/customer/licenses/assign by ann@example.test (organization) (fault: status 503)
  404 GET /api/v1/customer/licenses/NOSUCH by ann@example.test (organization): no licence NOSUCH
Meanwhile in the space \`default\`, where requests go that have no test's credential:
  401 GET /api/v1/customer/licenses/FREE000001: the credential is not valid here: nobody here has such a token
`;

const NOT_VERIFIED = `LocumError: expected exactly 1 such requests, found 0
nearest: 200 POST /api/v1/customer/licenses/assign
  body/contact/email: expected "eve@example.test", found "bob@example.test"

What Locum saw:
  200 POST /api/v1/customer/licenses/assign by ann@example.test (organization)
`;

const NONE = `What Locum saw:
  no request with a credential of this test
`;

/** What a runner printed of each failed test, without the indentation that all of it has. */
function findFailures(text, mark) {
  const parts = text.split(mark).slice(1);
  return parts.map((part) => part.replace(/^ {4}/gm, ""));
}

function check(failures, first) {
  assert.equal(failures.length, 3);
  for (const [at, expected] of [[0, `${first}\n\n${SAW}`], [1, NOT_VERIFIED], [2, NONE]]) {
    assert.ok(failures[at].includes(`\n${expected}`), failures[at]);
  }
  assert.equal(failures.join("").match(/What Locum saw/g).length, 3, "each says its own");
}

test("Vitest shows what Locum saw under a failed test", { timeout }, async () => {
  const { code, stderr } = await runTool("vitest", ["run", "--root", "vitest", "failing"]);
  assert.equal(code, 1, stderr);
  const failures = findFailures(stderr, " FAIL  failing.test.ts > ");
  check(failures, "AssertionError: expected 404 to be 200 // Object.is equality");
  assert.match(failures[0], /❯ failing\.test\.ts:9:63/);
  assert.match(failures[1], /❯ failing\.test\.ts:15:3/);
});

test("Jest shows what Locum saw under a failed test", { timeout }, async () => {
  const { code, stdout, stderr } = await runTool("jest", ["--rootDir", "jest", "failing"]);
  assert.equal(code, 1, stderr);
  if (!doesJestTell) return assert.equal(stdout.split(UNTOLD).length, 2, "once");
  const failures = findFailures(stderr, /\n {2}● /);
  check(failures, "expect(received).toBe(expected) // Object.is equality\n\nExpected: 200\nReceived: 404");
  assert.match(failures[0], /at .*failing\.test\.js:10:63/);
  assert.match(failures[1], /at .*failing\.test\.js:16:3/);
});

test("Jest shows it however a test fails", { timeout }, async () => {
  const { code, stdout, stderr } = await runTool("jest", ["--rootDir", "jest", "endings"]);
  assert.equal(code, 1, stderr);
  const failures = findFailures(stderr, /\n {2}● /);
  const told = [
    ["is beside others", "LocumError: locum.jetbrainsAccount: there is a space only while a test runs: not "],
    ["ends badly", "LocumError: expected exactly 0 such requests, found 1\nnearest: 404 GET "],
    ["takes too long", 'thrown: "Exceeded timeout of 1000 ms for a test.\n'],
    ["throws a text", 'thrown: "a text"'],
    ["throws what cannot be changed", "frozen"],
  ];
  const saw = "\n\nWhat Locum saw:\n  404 GET /api/v1/customer/licenses/NOSUCH by ";
  assert.deepEqual(failures.map((failure) => failure.split("\n")[0]), told.map(([name]) => name));
  for (const [at, [name, said]] of told.entries()) {
    assert.ok(failures[at].includes(`${name}\n\n${said}`), failures[at]);
    assert.equal(failures[at].includes(saw), doesJestTell && name !== "is beside others", failures[at]);
    assert.match(failures[at], /at .*endings\.test\.js:/);
  }
  assert.equal(stdout.includes(UNTOLD), !doesJestTell);
});

test("seed and clock are options of the fixture, and of the helper", { timeout }, async () => {
  const ofVitest = await runTool("vitest", ["run", "--root", "vitest", "options"]);
  assert.deepEqual([ofVitest.code, ofVitest.stderr], [0, ""], ofVitest.stdout);
  const ofJest = await runTool("jest", ["--rootDir", "jest", "options"]);
  assert.equal(ofJest.code, 0, ofJest.stderr);
});

for (const pool of ["forks", "threads"]) {
  test(`fifty tests on four workers of Vitest: ${pool}`, { timeout }, async () => {
    const args = ["run", "--root", "vitest", "many", "--maxWorkers=4", "--minWorkers=4", `--pool=${pool}`];
    const { code, stdout, stderr } = await runTool("vitest", args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Tests {2}50 passed \(50\)/);
  });
}

test("fifty tests on four workers of Jest", { timeout }, async () => {
  const { code, stderr } = await runTool("jest", ["--rootDir", "jest", "many", "--maxWorkers=4"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Tests: +50 passed, 50 total/);
});

test("one Locum for all workers, by globalSetup", { timeout }, async () => {
  // Where no worker can start one of its own.
  const settings = { LOCUM_BIN: "/none" };
  const setup = join(fresh, "setup.mjs");
  writeFileSync(setup, `
    import start from "locum/global-setup";
    export default async () => {
      const stop = await start();
      Object.assign(process.env, ${JSON.stringify(settings)});
      return stop;
    };`);
  const config = `export default { test: { globalSetup: ${JSON.stringify(setup)} } };`;
  writeFileSync(join(fresh, "vitest.shared.mjs"), config);
  const workers = ["--maxWorkers=4", "--minWorkers=4"];
  const args = ["run", "--root", "vitest", "many", ...workers, "--config", "../vitest.shared.mjs"];
  const ofVitest = await runTool("vitest", args);
  assert.equal(ofVitest.code, 0, ofVitest.stderr);
  assert.match(ofVitest.stdout, /Tests {2}50 passed \(50\)/);
  const ofJest = await runTool("jest", ["--rootDir", "jest", "many", "--maxWorkers=4", "--globalSetup", setup]);
  assert.equal(ofJest.code, 0, ofJest.stderr);
  const byName = ["--rootDir", "jest", "options", "--globalSetup", "locum/global-setup"];
  assert.equal((await runTool("jest", byName)).code, 0);
});

for (const pool of ["forks", "threads"]) {
  test(`Vitest that is killed leaves no Locum: ${pool}`, { timeout }, async () => {
    const said = join(fresh, "vitest/many/said.txt");
    writeFileSync(join(fresh, "vitest/many/hanging.test.ts"), `
      import { writeFileSync } from "node:fs";
      import { test } from "locum/vitest";
      test("hangs", async ({ locum }) => {
        writeFileSync(${JSON.stringify(said)}, locum.url + " " + process.pid);
        await new Promise(() => {});
      }, 600_000);`);
    const vitest = join(fresh, "../node_modules/vitest/vitest.mjs");
    const args = ["run", "--root", "vitest", "hanging", `--pool=${pool}`];
    const program = `process.argv.push(...${JSON.stringify(args)}); await import(${JSON.stringify(vitest)})`;
    const script = startScript(program);
    assert.ok(await becomes(() => existsSync(said) && readFileSync(said, "utf8").includes(" "), 60));
    const [url] = readFileSync(said, "utf8").split(" ");
    assert.ok((await fetch(`${url}/livez`)).ok);
    script.child.kill("SIGKILL");
    await script.ended;
    assert.ok(await becomes(() => fetch(`${url}/livez`).then(() => false, () => true)));
    rmSync(said);
  });
}
