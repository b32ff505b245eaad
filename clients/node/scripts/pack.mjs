#!/usr/bin/env node
// Makes the packages that are published, from what `npm run build` has written and a binary that is there already:
//
//   LOCUM_BIN=target/release/locum node scripts/pack.mjs FOLDER [PLATFORM]
//
// writes locum-VERSION.tgz and locum-PLATFORM-VERSION.tgz, which is @locum/PLATFORM, into FOLDER. The version is the
// binary's own, so it has to run here. LOCUM_REPOSITORY is where the repository is on the web, if it is anywhere.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { PLATFORMS } = createRequire(import.meta.url)("../dist/binary.js");
const template = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

function fail(why) {
  console.error(`pack.mjs: ${why}`);
  process.exit(2);
}

function pack(folder, manifest, write) {
  const stage = mkdtempSync(join(tmpdir(), "locum-pack-"));
  try {
    writeFileSync(join(stage, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    write(stage);
    const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: stage });
    console.log(join(folder, JSON.parse(packed)[0].filename));
  } finally {
    rmSync(stage, { recursive: true });
  }
}

function packClient(folder) {
  const { devDependencies: _, scripts: __, ...published } = common;
  // Only what is published names the platforms: a lock file could not lock what no registry has yet.
  const optionalDependencies = Object.fromEntries(PLATFORMS.map((name) => [`@locum/${name}`, common.version]));
  pack(folder, { ...published, optionalDependencies }, (stage) => {
    for (const part of ["bin", "dist", "LICENSE", "README.md"]) {
      cpSync(join(root, part), join(stage, part), { recursive: true });
    }
  });
}

function packBinary(folder, platform, binary) {
  const [os, cpu] = platform.split("-");
  const manifest = {
    name: `@locum/${platform}`,
    version: common.version,
    description: `The binary of Locum for ${platform}. Install the package locum, which takes it along.`,
    license: common.license,
    ...repository,
    files: ["bin", "LICENSE*"],
    os: [os],
    cpu: [cpu],
    preferUnplugged: true,
  };
  pack(folder, manifest, (stage) => {
    mkdirSync(join(stage, "bin"));
    cpSync(binary, join(stage, "bin/locum"));
    chmodSync(join(stage, "bin/locum"), 0o755);
    // Those of the libraries are there in a release only.
    for (const name of readdirSync(root).filter((name) => name.startsWith("LICENSE"))) {
      cpSync(join(root, name), join(stage, name));
    }
  });
}

const own = `${process.platform}-${process.arch}`;
const [folder, platform = own] = process.argv.slice(2);
const binary = process.env.LOCUM_BIN;
if (!folder) fail("say which folder the packages go to");
if (!binary || !existsSync(binary)) fail("LOCUM_BIN has to name a binary that is there");
if (!PLATFORMS.includes(platform)) fail(`there is no platform ${platform}, only ${PLATFORMS.join(", ")}`);
const version = execFileSync(binary, ["--version"], { encoding: "utf8" }).trim().split(" ")[1];
// npm attests where a package comes from only if that is what it says itself.
const address = process.env.LOCUM_REPOSITORY;
const repository = address ? { repository: { type: "git", url: `git+${address}.git` } } : {};
const common = { ...template, version, ...repository };
mkdirSync(folder, { recursive: true });
packClient(resolve(folder));
packBinary(resolve(folder), platform, resolve(binary));
