import { expect } from "vitest";
import { test } from "locum/vitest";
import { assignLicense, findLicense } from "./licenses.js";

test("a license is assigned", async ({ locum }) => {
  await locum.faults.add({ match: { operation: "assignLicense" }, then: { status: 503 }, times: 1 });
  await assignLicense(locum.jetbrainsAccount, "eve@example.test");
  await findLicense({ ...locum.jetbrainsAccount, apiKey: "a-typo" }, "FREE000001");
  expect(await findLicense(locum.jetbrainsAccount, "NOSUCH")).toBe(200);
});

test("an expectation that does not hold", async ({ locum }) => {
  await assignLicense(locum.jetbrainsAccount, "bob@example.test");
  const body = { contact: { email: "eve@example.test" } };
  await locum.verify({ match: { operation: "assignLicense", body }, count: { exactly: 1 } });
});

test("nothing is said where nothing fails", async ({ locum }) => {
  expect(await findLicense(locum.jetbrainsAccount, "NOSUCH")).toBe(404);
});

test("and nothing of other tests", async ({ locum }) => {
  expect(locum.replaced).toEqual(["nothing"]);
});
