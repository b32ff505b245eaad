#!/usr/bin/env node
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { findBinary, explainSpawn, withoutBinary } = require("../dist/binary.js");

function fail(error) {
  process.stderr.write(`locum: ${error.message}\n`);
  process.exit(1);
}

function run() {
  const binary = findBinary();
  const child = spawn(binary, process.argv.slice(2), { stdio: "inherit", env: withoutBinary(process.env) });
  // The binary decides what a signal means. A terminal gives Ctrl-C to both.
  for (const signal of ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"]) {
    process.on(signal, () => child.kill(signal));
  }
  process.on("SIGINT", () => process.stdin.isTTY || process.stderr.isTTY || child.kill("SIGINT"));
  child.on("error", (error) => fail(explainSpawn(binary, error)));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

try {
  run();
} catch (error) {
  fail(error);
}
