// What is published, installed into a folder of its own.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { becomes, fresh, root, run, runTool, start, startScript } from "./support/run.mjs";

const timeout = 240_000;
const launcher = join(fresh, "node_modules/.bin/locum");
const version = execFileSync(process.env.LOCUM_BIN, ["--version"], { encoding: "utf8" }).trim().split(" ")[1];

test("npx locum is the binary of the platform's package", { timeout }, async () => {
  const { code, stdout } = await run("npx", ["--offline", "locum", "--version"]);
  assert.deepEqual([code, stdout], [0, `locum ${version}\n`]);
});

test("it ends as the binary does, and passes signals on", { timeout }, async () => {
  assert.equal((await run(launcher, ["--nonsense"])).code, 2);
  assert.equal((await run(launcher, ["exec", "--", "sh", "-c", "exit 7"])).code, 7);
  const command = ["exec", "--", "sh", "-c", "trap 'exit 9' TERM; echo begun; while :; do sleep 0.1; done"];
  const { child, said, ended } = start(launcher, command);
  assert.ok(await becomes(() => said.stdout.includes("begun")));
  child.kill("SIGTERM");
  assert.equal((await ended).code, 9);
});

test("LOCUM_BIN is the binary where it is set, and is nothing that the binary hears of", { timeout }, async () => {
  const absent = await run(launcher, ["--version"], { env: { LOCUM_BIN: "/none" } });
  assert.deepEqual([absent.code, absent.stderr], [1, "locum: LOCUM_BIN: there is no file /none\n"]);
  const binary = join(fresh, `node_modules/@locum/${process.platform}-${process.arch}/bin/locum`);
  const given = await run(launcher, ["exec", "--", "true"], { env: { LOCUM_BIN: binary } });
  assert.deepEqual([given.code, given.stderr], [0, ""]);
});

test("without the platform's package it says what to do", { timeout }, async () => {
  const script = `
    import Module from "node:module";
    const resolve = Module._resolveFilename;
    Module._resolveFilename = (name, ...rest) =>
      resolve(name.startsWith("@locum/") ? "/none" : name, ...rest);
    const { createLocum } = await import("locum");
    await createLocum();`;
  const { code, stderr } = await startScript(script).ended;
  assert.equal(code, 1);
  const platform = `${process.platform}-${process.arch}`;
  assert.match(stderr, new RegExp(`LocumError: the package @locum/${platform}, which .* is not installed\\. Install`));
});

test("both ways of importing it give the same", { timeout }, async () => {
  const { code, stderr } = await startScript(`
    import assert from "node:assert/strict";
    import { createRequire } from "node:module";
    import * as imported from "locum";
    const require = createRequire(process.cwd() + "/x.js");
    assert.equal(require("locum").createLocum, imported.createLocum);
    assert.equal(require("locum").LocumError, imported.LocumError);
    assert.deepEqual(Object.keys(imported).sort(), ["Locum", "LocumError", "Space", "createLocum"]);
    assert.equal(typeof (await import("locum/global-setup")).default, "function");
    assert.equal(typeof require("locum/global-setup").default, "function");
    const { locum } = await import("locum/jest");
    assert.equal(locum, require("locum/jest").locum);
    assert.throws(locum, { message: /^"locum\\/jest" is for test files that Jest runs/ });
    assert.throws(() => require("locum/vitest"), { message: /^Vitest itself cannot be required/ });
    assert.equal(require("locum/package.json").version, ${JSON.stringify(version)});
  `).ended;
  assert.equal(code, 0, stderr);
});

test("its types are right in ES modules and in CommonJS, under --strict", { timeout }, async () => {
  // As if they were installed beside it.
  for (const name of ["@types", "vitest"]) {
    rmSync(join(fresh, "node_modules", name), { force: true });
    symlinkSync(join(root, "node_modules", name), join(fresh, "node_modules", name));
  }
  for (const project of ["types", "types/checked.json"]) {
    const { code, stdout } = await runTool("tsc", ["--project", project]);
    assert.equal(code, 0, stdout);
  }
});

test("its entry points resolve for every kind of importer", { timeout }, async () => {
  const tarball = readdirSync(join(fresh, "packages")).find((name) => name === `locum-${version}.tgz`);
  const path = join(fresh, "packages", tarball);
  const types = await runTool("attw", [path, "--no-emoji"]);
  assert.equal(types.code, 0, types.stdout);
  const lint = await runTool("publint", ["run", path, "--strict"]);
  assert.equal(lint.code, 0, lint.stdout + lint.stderr);
});

test("nothing is taken along at run time but the binary", () => {
  const manifest = JSON.parse(readFileSync(join(fresh, "node_modules/locum/package.json"), "utf8"));
  assert.equal(manifest.dependencies, undefined);
  assert.deepEqual(manifest.optionalDependencies, {
    "@locum/darwin-arm64": version,
    "@locum/darwin-x64": version,
    "@locum/linux-arm64": version,
    "@locum/linux-x64": version,
  });
  const files = readdirSync(join(fresh, "node_modules/locum")).sort();
  assert.deepEqual(files, ["LICENSE", "README.md", "bin", "dist", "package.json"]);
});
