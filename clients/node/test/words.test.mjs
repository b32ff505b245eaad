// What is said, without a Locum.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { fresh } from "./support/run.mjs";

const dist = (name) => createRequire(import.meta.url)(join(fresh, "node_modules/locum/dist", name));
const { findBinary, explainSpawn } = dist("binary.js");
const { LocumError } = dist("error.js");
const { keepFromProxies } = dist("proxy.js");
const { describeAll, describeRequest } = dist("saw.js");

afterEach(() => delete process.env.LOCUM_BIN);

test("a request in one line", () => {
  const request = { method: "GET", path: "/api/v1/token", status: 200 };
  const says = (members, line) => assert.equal(describeRequest({ ...request, ...members }), line);
  says({}, "200 GET /api/v1/token");
  says({ query: "a=b", credential: "ann (team 1)" }, "200 GET /api/v1/token?a=b by ann (team 1)");
  says({ status: 503, fault: "delay 5ms, status 503" }, "503 GET /api/v1/token (fault: delay 5ms, status 503)");
  says({ status: 404, refusal: "no licence\n 'X'" }, "404 GET /api/v1/token: no licence 'X'");
  says({ ignored: [] }, "200 GET /api/v1/token");
  const ignored = [
    { at: "query/perpage", did_you_mean: "perPage" },
    { at: "body", reason: "DELETE takes none" },
    { at: "query/page", reason: "given twice", did_you_mean: "perPage" },
    { at: "body/x" },
  ];
  says(
    { credential: "ann", refusal: "no", status: 400, ignored },
    "400 GET /api/v1/token by ann: no; ignored: query/perpage (did you mean perPage?), body (DELETE takes none), " +
      "query/page (given twice: did you mean perPage?), body/x",
  );
});

test("more requests than are shown", () => {
  const request = { method: "GET", path: "/x", status: 200 };
  const page = { requests: [{ ...request, status: 404 }, request], next: "1" };
  const shown = "  … and before:\n  200 GET /x\n  404 GET /x";
  assert.equal(describeAll(page, { requests: [] }), `What Locum saw:\n${shown}`);
  const others = "Meanwhile in the space `default`, where requests go that have no test's credential:";
  assert.equal(describeAll(page, page), `What Locum saw:\n${shown}\n${others}\n${shown}`);
});

test("an error says what came nearest", () => {
  const request = { status: 200, method: "GET", path: "/x" };
  const differences = [
    { field: "operation", expected: "a", found: "b" },
    { field: "body", expected: "{}" },
    { field: "query/a", found: "1" },
  ];
  const nearest = [{ ...request, differences }, { ...request, differences: [] }];
  const error = new LocumError("not so", { status: 409, detail: "not so", nearest });
  assert.equal(
    error.message,
    "not so\nnearest: 200 GET /x\n  operation: expected a, found b\n  body: expected {}, found nothing\n" +
      "  query/a: expected nothing, found 1\nnearest: 200 GET /x",
  );
  assert.deepEqual([error.status, error.detail], [409, "not so"]);
  assert.deepEqual([error.nearest, error.differences], [nearest, differences]);
  assert.equal(String(error).split("\n")[0], "LocumError: not so");
  assert.deepEqual(Object.keys(error), []);
  assert.deepEqual(new LocumError("x").differences, []);
});

test("where there is no binary, the message names the platform and what to do", () => {
  const absent = () => {
    throw new Error("no such package");
  };
  assert.throws(() => findBinary("sunos-x64", absent), {
    name: "LocumError",
    message: /^there is no Locum for sunos-x64, only for darwin-arm64, .*linux-x64: set LOCUM_BIN .* or LOCUM_URL/,
  });
  assert.throws(() => findBinary("darwin-arm64", absent), {
    message: /^the package @locum\/darwin-arm64, which .* is not installed\. Install again without --omit=optional/,
  });
  assert.equal(findBinary("darwin-arm64", (file) => `/there/${file}`), "/there/@locum/darwin-arm64/bin/locum");
  process.env.LOCUM_BIN = "/no/such/file";
  assert.throws(() => findBinary(), { message: "LOCUM_BIN: there is no file /no/such/file" });
  process.env.LOCUM_BIN = process.execPath;
  assert.equal(findBinary("sunos-x64", absent), process.execPath);
  process.env.LOCUM_BIN = "";
  assert.throws(() => findBinary("sunos-x64", absent), { message: /^there is no Locum for sunos-x64/ });
});

test("where a binary does not run, the message says why", () => {
  const because = (code) => explainSpawn("/b", Object.assign(new Error("spawn went wrong"), { code })).message;
  assert.equal(because("ENOENT"), "cannot run /b: it is made for another C library than this system's");
  assert.equal(because("EMFILE"), "cannot run /b: spawn went wrong");
});

test("proxies are kept from requests to Locum", () => {
  const local = "127.0.0.1,localhost,::1";
  const after = (env, base = "http://127.0.0.1:1") => {
    keepFromProxies(base, env);
    return [env.NO_PROXY, env.no_proxy];
  };
  const proxy = { HTTP_PROXY: "http://proxy:3128" };
  assert.deepEqual(after({}), [undefined, undefined]);
  assert.deepEqual(after({ HTTP_PROXY: " " }), [undefined, undefined]);
  assert.deepEqual(after({ ...proxy }), [local, local]);
  assert.deepEqual(after({ all_proxy: "x", NO_PROXY: "corp" }), [`corp,${local}`, `corp,${local}`]);
  assert.deepEqual(after({ ...proxy, NO_PROXY: "a", no_proxy: "b, LOCALHOST" }), [
    `a,${local}`,
    "b,LOCALHOST,127.0.0.1,::1",
  ]);
  assert.deepEqual(after({ ...proxy, NO_PROXY: "*" }), ["*", "*"]);
  assert.deepEqual(after({ ...proxy }, "http://locum:8080/x"), [`${local},locum`, `${local},locum`]);
  assert.deepEqual(after({ ...proxy }, "http://[::1]:8080"), [local, local]);
});
