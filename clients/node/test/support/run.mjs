import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where the packages are installed that would be published. */
export const fresh = join(root, ".fresh");

/** Whether Jest lets a test file know that a test has failed: Node 18 hides where it keeps that. */
export const doesJestTell = Number(process.versions.node.split(".")[0]) >= 20;

/** What is said where it does not. */
export const UNTOLD = "locum: what Locum saw is not shown, because that takes Node 20 and jest-circus";

/** The environment of a user who has set nothing: neither a Locum, nor a proxy, nor what a test runner sets. */
export function cleanEnvironment(added = {}) {
  const isOther = (name) => !/^(LOCUM_|NODE_TEST_CONTEXT$|JEST_|VITEST|(https?|all|no)_proxy$)/i.test(name);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => isOther(name)));
  return { ...env, NO_COLOR: "1", FORCE_COLOR: "0", ...added };
}

export function start(command, args, { cwd = fresh, env = {} } = {}) {
  const child = spawn(command, args, { cwd, env: cleanEnvironment(env), stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (said[name] += text));
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, ...said })));
  return { child, said, ended };
}

/** Runs a program to its end. */
export function run(command, args, options) {
  return start(command, args, options).ended;
}

/** Runs a program that `node_modules/.bin` has. */
export function runTool(name, args, options) {
  return run(join(root, "node_modules/.bin", name), args, options);
}

/** Runs a text as an ES module that can import locum. */
export function startScript(text, options) {
  return start(process.execPath, ["--input-type=module", "--eval", text], options);
}

/** Waits until it is true, and says whether it became so. */
export async function becomes(isTrue, seconds = 20) {
  for (let tries = seconds * 50; tries > 0; tries -= 1) {
    if (await isTrue()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

/** A proxy that counts who comes, and lets nobody through. */
export async function startProxy() {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.destroy();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const env = Object.fromEntries(["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"].map((name) => [name, url]));
  return { env: { ...env, NODE_USE_ENV_PROXY: "1" }, count: () => count, close: () => server.close() };
}
