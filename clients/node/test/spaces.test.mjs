// The client, asked from outside, with the binary that its package carries.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { fresh } from "./support/run.mjs";

for (const name of Object.keys(process.env)) if (name.startsWith("LOCUM_")) delete process.env[name];
const entry = createRequire(join(fresh, "x.js")).resolve("locum");
const { createLocum, LocumError } = await import(pathToFileURL(entry.replace(/\.js$/, ".mjs")));
const file = join(fresh, "seed.yaml");
let locum;

before(async () => (locum = await createLocum()));
after(() => locum.close());

const token = ({ url, apiKey, customerCode }, query = "") =>
  fetch(`${url}/token${query}`, { headers: { "X-Api-Key": apiKey, "X-Customer-Code": customerCode } });

test("a space is ready for a client of each service", async () => {
  const space = await locum.space({ label: "what is it? A space!" });
  assert.match(space.name, /^what-is-it-A-space-[0-9a-f]{16}$/);
  const { url, orgId, apiKey } = space.atlassian;
  const answers = [
    await token(space.jetbrainsAccount),
    await fetch(`${space.licenseVault.url}/licenses/usage`, {
      headers: { Authorization: `Bearer ${space.licenseVault.token}` },
    }),
    await fetch(`${url}/orgs/${orgId}/api-tokens`, { headers: { Authorization: `Bearer ${apiKey}` } }),
  ];
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200]);
  assert.equal(space.url, locum.url);
  assert.equal(space.variables.JETBRAINS_ACCOUNT_API_KEY, space.jetbrainsAccount.apiKey);
  assert.equal(space.atlassian.credential("full"), apiKey);
  assert.notEqual(space.atlassian.credentials.reader, apiKey);
  assert.deepEqual(Object.keys(space.atlassian.credentials), ["full", "reader", "expired"]);
  assert.ok(space.licenseVault.automationToken);
  assert.ok(space.credentials.some(({ service, label }) => service === "atlassian" && label === "reader"));
  const options = { ...space.jetbrainsAccount };
  assert.deepEqual(Object.keys(options), ["url", "customerCode", "apiKey", "credentials"]);
  const paths = (await space.requests()).map(({ path }) => path);
  const ofAtlassian = `/admin/api-access/v1/orgs/${orgId}/api-tokens`;
  assert.deepEqual(paths, ["/api/v1/token", "/public-api/licenses/usage", ofAtlassian]);
  assert.equal((await space.requests({ service: "atlassian", status: 200 })).length, 1);
  await space.delete();
  await space.delete();
  assert.equal((await token(space.jetbrainsAccount)).status, 401);
  assert.equal(await space.explain(), "What Locum saw: the space is deleted, and its journal with it");
});

test("what the seed does not have is said by whoever needs it", async () => {
  const space = await locum.space({ seed: file });
  assert.deepEqual(Object.keys({ ...space.licenseVault }), ["url", "credentials"]);
  assert.throws(() => space.licenseVault.token, {
    name: "LocumError",
    message: "the seed of this space gives License Vault nothing that LICENSE_VAULT_TOKEN could be",
  });
  assert.throws(() => space.jetbrainsAccount.credential("ann"), {
    message: "JetBrains Account has no credential `ann`, but `zoe@second.test (organization)`",
  });
  assert.throws(() => space.atlassian.credential("full"), { message: /but none at all$/ });
  await space.delete();
});

test("a seed is an object, a text, a path or a URL, and what it spells out is kept where it is free", async () => {
  const text = readFileSync(file, "utf8");
  const object = { version: 1, organizations: [{ name: "Third Corp", customer_code: "6700010" }] };
  for (const seed of [text, file, pathToFileURL(file)]) {
    const space = await locum.space({ seed });
    assert.equal(space.jetbrainsAccount.apiKey, "zoes-token");
    assert.deepEqual(space.replaced, []);
    await space.delete();
  }
  const one = await locum.space({ seed: object });
  const other = await locum.space({ seed: object });
  assert.deepEqual([one.replaced, other.replaced], [[], ["organizations/0/customer_code"]]);
  await Promise.all([one.delete(), other.delete()]);
  await assert.rejects(locum.space({ seed: "no/such/seed.yaml" }), {
    message: /^cannot read the seed no\/such\/seed\.yaml: ENOENT/,
  });
  await assert.rejects(locum.space({ seed: { version: 1, organisations: [] } }), (error) => {
    assert.ok(error instanceof LocumError);
    assert.equal(error.status, 400);
    assert.match(error.detail, /unknown key `organisations`, did you mean `organizations`\?/);
    assert.match(error.pointer, /^\/seed/);
    assert.equal(error.message, `${error.pointer}: ${error.detail}`);
    return true;
  });
});

test("the seed and the clock of createLocum are those of its spaces", async () => {
  const other = await createLocum({ seed: file, clock: new Date("2026-06-01T09:00:00Z") });
  assert.equal(other.url, locum.url, "one Locum for a process");
  const space = await other.space();
  assert.deepEqual(await space.clock.state(), { mode: "frozen", now: "2026-06-01T09:00:00Z" });
  assert.equal(space.jetbrainsAccount.apiKey, "zoes-token");
  const own = await other.space({ clock: "offset@2030-01-01T00:00:00Z" });
  assert.equal((await own.clock.state()).mode, "offset");
  await Promise.all([space.delete(), own.delete()]);
  await other.close();
  await locum.control("GET", "info");
});

test("seeds of a space that is there, and its reset", async () => {
  const space = await locum.space();
  const before = space.jetbrainsAccount.apiKey;
  const seeded = await space.seed({
    version: 1,
    organizations: [
      {
        name: "Z",
        customer_code: "6700011",
        people: [{ email: "zoe@second.test" }],
        atlassian: { api_keys: [{ label: "zoes" }] },
      },
    ],
  });
  assert.equal(seeded.organizations[0].atlassian.api_keys[0].token, space.atlassian.credential("zoes"));
  assert.equal(space.jetbrainsAccount.apiKey, before);
  assert.equal((await token(space.jetbrainsAccount)).status, 200);
  await space.seed(file, { mode: "replace" });
  assert.deepEqual(space.credentials.map(({ label }) => label), ["zoe@second.test (organization)"]);
  assert.throws(() => space.licenseVault.token, LocumError);
  assert.equal((await token(space.jetbrainsAccount)).status, 200);
  await space.reset();
  assert.equal(space.jetbrainsAccount.apiKey, before);
  assert.equal((await token(space.jetbrainsAccount)).status, 200);
  assert.throws(() => space.atlassian.credential("zoes"), LocumError);
  await space.delete();
});

test("the clock", async () => {
  const space = await locum.space();
  assert.equal((await space.clock.state()).mode, "real");
  assert.equal((await space.clock.freeze()).mode, "frozen");
  await space.clock.freeze("2026-01-15T09:00:00Z");
  await space.clock.advance("31d");
  assert.deepEqual(await space.clock.now(), new Date("2026-02-15T09:00:00Z"));
  await space.clock.offset(new Date("2030-01-01T00:00:00Z"));
  assert.equal((await space.clock.now()).getUTCFullYear(), 2030);
  assert.equal((await space.clock.reset()).mode, "real");
  await assert.rejects(space.clock.advance("soon"), { name: "LocumError", status: 400 });
  await space.delete();
});

test("faults", async () => {
  const space = await locum.space();
  const match = { operation: "getManagedEntityInfo" };
  const fault = await space.faults.add({ match, then: { status: 503 }, times: 1 });
  const answers = [await token(space.jetbrainsAccount), await token(space.jetbrainsAccount)];
  assert.deepEqual(answers.map(({ status }) => status), [503, 200]);
  assert.deepEqual((await space.faults.list()).map(({ id, hits }) => [id, hits]), [[fault.id, 1]]);
  await space.faults.remove(fault.id);
  await space.faults.add({ match, then: { delay: "1ms" } });
  await space.faults.clear();
  assert.deepEqual(await space.faults.list(), []);
  await assert.rejects(space.faults.add({ match: { operation: "assignLicence" }, then: { status: 503 } }), {
    status: 422,
    pointer: "/match/operation",
    detail: /did you mean `assignLicense`/,
  });
  await space.delete();
});

test("expectations", async () => {
  const space = await locum.space();
  const wanted = { match: { path: "/api/v1/token", query: { a: "1" } }, count: { exactly: 1 } };
  const late = space.verify({ ...wanted, within: "30s" });
  await token(space.jetbrainsAccount, "?a=2");
  await assert.rejects(async () => await space.verify(wanted), (error) => {
    assert.equal(error.status, 409);
    assert.equal(error.message, [
      "expected exactly 1 such requests, found 0",
      "nearest: 200 GET /api/v1/token",
      "  query/a: expected 1, found 2",
    ].join("\n"));
    assert.deepEqual(error.differences, [{ field: "query/a", expected: "1", found: "2" }]);
    assert.equal(error.nearest[0].query, "a=2");
    // A runner shows the line of the test, not one of this package.
    assert.match(error.stack, /spaces\.test\.mjs/);
    assert.doesNotMatch(error.stack, /dist\/control/);
    return true;
  });
  await token(space.jetbrainsAccount, "?a=1");
  assert.deepEqual(await late, { expected: "exactly 1", found: 1 });
  await space.verify({});
  await space.delete();
});

test("what Locum saw", async () => {
  await token({ ...(await locum.space()).jetbrainsAccount, apiKey: "before" });
  const space = await locum.space();
  assert.equal(await space.explain(), "What Locum saw:\n  no request with a credential of this test");
  await space.faults.add({ match: { operation: "getManagedEntityInfo" }, then: { status: 503 }, times: 1 });
  await token(space.jetbrainsAccount);
  await token(space.jetbrainsAccount, "?perpage=1");
  await token({ ...space.jetbrainsAccount, apiKey: "a-typo" });
  assert.equal(await space.explain(), [
    "What Locum saw:",
    "  503 GET /api/v1/token by ann@example.test (organization) (fault: status 503)",
    "  200 GET /api/v1/token?perpage=1 by ann@example.test (organization); ignored: query/perpage",
    "Meanwhile in the space `default`, where requests go that have no test's credential:",
    "  401 GET /api/v1/token: the credential is not valid here: nobody here has such a token",
  ].join("\n"));
  await Promise.all(Array.from({ length: 60 }, () => token(space.jetbrainsAccount)));
  const lines = (await space.explain()).split("\n");
  assert.equal(lines[1], "  … and before:");
  assert.equal(lines.filter((line) => line.startsWith("  200")).length, 50);
  assert.equal((await space.requests()).length, 62);
  assert.equal((await space.requests({ ignored: true })).length, 1);
  await space.delete();
});

test("any route, of the space and of all", async () => {
  const space = await locum.space();
  const { status } = await space.control("POST", "/credentials/reader/expire");
  assert.equal(status, "expired");
  assert.ok((await locum.control("GET", "spaces")).some(({ name }) => name === space.name));
  await assert.rejects(space.control("GET", "no-such-route"), { name: "LocumError", status: 404 });
  await space.delete();
  await assert.rejects(space.requests(), { status: 404, detail: `there is no space \`${space.name}\`` });
});

test("they are disposable", async () => {
  const symbol = Symbol.asyncDispose ?? Symbol.for("nodejs.asyncDispose");
  const space = await locum.space();
  await space[symbol]();
  assert.equal((await token(space.jetbrainsAccount)).status, 401);
  const other = await createLocum();
  await other[symbol]();
  await locum.control("GET", "info");
});

test("what is no Locum", async () => {
  await assert.rejects(createLocum({ url: "localhost:8080" }), {
    message: "`localhost:8080` is no URL of a Locum: expected one like http://localhost:8080",
  });
  const nobody = await createLocum({ url: "http://127.0.0.1:1" });
  await assert.rejects(nobody.space(), {
    name: "LocumError",
    message: /^Locum at http:\/\/127\.0\.0\.1:1 does not answer: connect ECONNREFUSED/,
    status: undefined,
  });
  const server = createServer((_, answer) => answer.writeHead(502).end("<html>")).unref();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${server.address().port}/`);
  await assert.rejects((await createLocum({ url })).space(), {
    status: 502,
    message: "POST /_emulator/spaces was answered with 502, not by Locum: <html>",
  });
  server.close();
});

test("a control token that is missing or wrong", async () => {
  const detail = "the control token is required: send it as `Authorization: Bearer`";
  const problem = JSON.stringify({ status: 401, detail });
  const server = createServer((_, answer) => answer.writeHead(401).end(problem)).unref();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  await assert.rejects((await createLocum({ url })).space(), {
    status: 401,
    message: `${detail}; it is what \`controlToken\` says, or LOCUM_CONTROL_TOKEN`,
  });
  server.close();
});
