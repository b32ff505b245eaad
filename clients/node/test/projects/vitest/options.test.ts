import { readFileSync } from "node:fs";
import { describe, expect, test as base } from "vitest";
import { locum } from "locum/vitest";
import { findLicense } from "./licenses.js";

const file = new URL("../seed.yaml", import.meta.url);
const test = base.extend(locum);
const seeded = base.extend({ ...locum, locumSeed: file, locumClock: "frozen@2026-06-01T09:00:00Z" });

seeded("a seed and a clock are options", async ({ locum }) => {
  expect(Object.keys(locum.jetbrainsAccount.credentials)).toEqual(["zoe@second.test (organization)"]);
  expect(await locum.clock.now()).toEqual(new Date("2026-06-01T09:00:00Z"));
  expect(await findLicense(locum.jetbrainsAccount, "ZOES000001")).toBe(200);
});

const texts = base.extend({
  ...locum,
  locumSeed: readFileSync(file, "utf8"),
  locumClock: new Date("2027-01-01T00:00:00Z"),
});

texts("also as a text, and as a date", async ({ locum }) => {
  expect(Object.keys(locum.jetbrainsAccount.credentials)).toEqual(["zoe@second.test (organization)"]);
  expect(await locum.clock.state()).toEqual({ mode: "frozen", now: "2027-01-01T00:00:00Z" });
});

describe("of some tests", () => {
  test.scoped({ locumClock: "frozen@2026-12-24T18:00:00Z" });

  test("one after the other", async ({ locum }) => {
    expect(await locum.clock.now()).toEqual(new Date("2026-12-24T18:00:00Z"));
    expect(locum.jetbrainsAccount.credential("ann@example.test (organization)")).toBe(locum.jetbrainsAccount.apiKey);
  });
});

test("a test that does not ask for it has none", ({ task }) => {
  expect(task.name).toContain("has none");
});

test.concurrent.for([1, 2, 3])("at once, %i", async (_, { locum, expect }) => {
  await findLicense(locum.jetbrainsAccount, "NOSUCH");
  expect(await locum.requests()).toHaveLength(1);
});
