// When Locum starts, whom it serves, and that it ends with its process, whatever ended that.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { becomes, run, start, startProxy, startScript } from "./support/run.mjs";

const timeout = 120_000;

/** Starts Locum, says where it is, and goes on as it says. */
const begin = (then) => `
  import { createLocum } from "locum";
  const locum = await createLocum();
  const { pathname } = new URL(locum.url);
  console.log(locum.url);
  ${then}`;

async function isThere(url) {
  return fetch(`${url}/livez`).then(({ ok }) => ok, () => false);
}

async function urlOf({ said }) {
  assert.ok(await becomes(() => said.stdout.includes("\n")), "it did not start");
  return said.stdout.trim();
}

test("it ends with its process", { timeout }, async () => {
  for (const [then, code] of [
    ["", 0],
    ["process.exit(3)", 3],
    ['throw new Error("x")', 1],
    ["process.abort()", null],
    ["await locum.space(); await locum.close()", 0],
  ]) {
    const script = startScript(begin(then));
    const { code: ended, stdout } = await script.ended;
    assert.equal(ended, code, then);
    assert.ok(await becomes(async () => !(await isThere(stdout.trim()))), then);
  }
});

test("a process that is killed leaves no Locum", { timeout }, async () => {
  const script = startScript(begin("setInterval(() => {}, 1000)"));
  const url = await urlOf(script);
  assert.ok(await isThere(url));
  script.child.kill("SIGKILL");
  assert.equal((await script.ended).signal, "SIGKILL");
  assert.ok(await becomes(async () => !(await isThere(url))));
});

test("there is one for all that ask at once, until the last has closed it", { timeout }, async () => {
  const { code, stderr } = await startScript(`
    import assert from "node:assert/strict";
    import { createLocum } from "locum";
    import { createRequire } from "node:module";
    const required = createRequire(process.cwd() + "/x.js")("locum");
    const all = await Promise.all([createLocum(), required.createLocum(), createLocum()]);
    assert.equal(new Set(all.map(({ url }) => url)).size, 1);
    await all[0].close();
    await all[0].close();
    await all[1].space();
    await all[1].close();
    await all[2].space();
    await all[2].close();
    await assert.rejects(all[2].space(), { message: "Locum has ended (exit code 0)" });
    const next = await createLocum();
    assert.notEqual(next.url, all[0].url);
    await next.space();
  `).ended;
  assert.equal(code, 0, stderr);
});

test("LOCUM_URL is joined, with a space that goes by itself, and runs on", { timeout }, async () => {
  const server = startScript(begin("setInterval(() => {}, 1000)"));
  const url = await urlOf(server);
  const script = `
    import assert from "node:assert/strict";
    import { createLocum } from "locum";
    const locum = await createLocum();
    assert.equal(locum.url, ${JSON.stringify(url)});
    const space = await locum.space();
    await locum.close();
    const { idle_ttl } = await locum.control("GET", "spaces/" + space.name);
    assert.equal(idle_ttl, "3600s");`;
  const { code, stderr } = await startScript(script, { env: { LOCUM_URL: `${url}/`, LOCUM_BIN: "/none" } }).ended;
  assert.equal(code, 0, stderr);
  assert.ok(await isThere(url));
  server.child.kill();
  await server.ended;
});

test("locum exec is joined, with its control token", { timeout }, async () => {
  const asks = `import("locum").then(async ({ createLocum }) => {
    const space = await (await createLocum()).space();
    console.log(space.url === process.env.LOCUM_URL);
  })`;
  const args = ["locum", "exec", "--", process.execPath, "-e", asks];
  const env = { LOCUM_CONTROL_TOKEN: "a-control-token" };
  const { code, stdout, stderr } = await run("npx", ["--offline", ...args], { env });
  assert.deepEqual([code, stdout.trim()], [0, "true"], stderr);
});

test("a proxy of the environment is not asked, not even by the code under test", { timeout }, async () => {
  const proxy = await startProxy();
  const script = begin(`
    await locum.space();
    console.log(process.env.NO_PROXY, process.env.no_proxy);`);
  const { code, stdout, stderr } = await startScript(script, { env: proxy.env }).ended;
  assert.deepEqual([code, stdout.split("\n")[1]], [0, "127.0.0.1,localhost,::1 127.0.0.1,localhost,::1"], stderr);
  assert.equal(proxy.count(), 0);
  proxy.close();
});

test("nothing is written, at home or elsewhere", { timeout }, async () => {
  const home = mkdtempSync(join(tmpdir(), "locum-home-"));
  chmodSync(home, 0o555);
  const gone = "/no/such/folder";
  const env = { HOME: home, TMPDIR: gone, XDG_CACHE_HOME: gone, XDG_CONFIG_HOME: gone, XDG_RUNTIME_DIR: gone };
  const { code, stderr } = await startScript(begin("await locum.space()"), { env }).ended;
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(home), []);
  rmSync(home, { recursive: true });
});

test("settings of a Locum that is not for tests are left out", { timeout }, async () => {
  const env = {
    LOCUM_LISTEN: "nowhere",
    LOCUM_DATABASE_URL: "postgres://nowhere/x",
    LOCUM_CONTROL_TOKEN: "a-control-token",
    LOCUM_PUBLIC_URL: "http://elsewhere.test",
    LOCUM_SPACE: "other",
    LOCUM_CLOCK: "frozen@2026-06-01T09:00:00Z",
  };
  const script = begin("console.log(await (await locum.space()).clock.now())");
  const { code, stdout, stderr } = await startScript(script, { env }).ended;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /127\.0\.0\.1[^]*2026-06-01T09:00:00\.000Z/);
  assert.equal(stderr, "");
});

test("a Locum that does not start says why", { timeout }, async () => {
  const { code, stderr } = await startScript(begin(""), { env: { LOCUM_SEED: "no-such-seed.yaml" } }).ended;
  assert.equal(code, 1);
  assert.match(stderr, /LocumError: Locum did not start\. Locum has ended \(exit code 2\): .*no-such-seed\.yaml/);
});

test("a Locum that is gone says so, and the next one starts", { timeout }, async () => {
  const { code, stderr } = await startScript(`
    import assert from "node:assert/strict";
    import { readFileSync } from "node:fs";
    import { createLocum } from "locum";
    const locum = await createLocum();
    process.kill(Number(readFileSync("/proc/self/task/" + process.pid + "/children", "utf8")), "SIGKILL");
    let message = "";
    while (!message.startsWith("Locum has ended (SIGKILL)")) {
      message = await locum.space().then(() => "", (error) => error.message);
    }
    const space = await (await createLocum()).space();
    await space.delete();
  `).ended;
  assert.equal(code, 0, stderr);
});

test("the waiting command is gone too", { timeout }, async () => {
  const script = startScript(begin("setInterval(() => {}, 1000)"));
  await urlOf(script);
  const children = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  const [locum] = children(script.child.pid);
  const all = [locum, ...children(locum)];
  assert.equal(all.length, 2);
  script.child.kill("SIGKILL");
  const isGone = (pid) => start("kill", ["-0", pid]).ended.then(({ code }) => code !== 0);
  assert.ok(await becomes(async () => (await Promise.all(all.map(isGone))).every(Boolean)));
});

test("a browser's globals are none of its own, as in jsdom", { timeout }, async () => {
  const { code, stderr } = await startScript(`
    import assert from "node:assert/strict";
    import { URL as NodeUrl } from "node:url";
    const { createLocum } = await import("locum");
    globalThis.URL = class { constructor(text) { this.href = String(text); } };
    const locum = await createLocum();
    const seed = new URL(new NodeUrl("seed.yaml", "file://" + process.cwd() + "/"));
    const space = await locum.space({ seed });
    assert.equal(space.jetbrainsAccount.apiKey, "zoes-token");
    await space.delete();
    await locum.close();
  `).ended;
  assert.equal(code, 0, stderr);
});
