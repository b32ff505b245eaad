import { expect } from "vitest";
import { test } from "locum/vitest";
import { assignLicense } from "../licenses.js";

/** Five of the fifty tests that four workers run. */
export function testFive() {
  test.for([1, 2, 3, 4, 5])("number %i", async (number, { locum }) => {
    const email = `n${number}@example.test`;
    expect(await assignLicense(locum.jetbrainsAccount, email)).toBe(200);
    await locum.verify({ match: { body: { contact: { email } } }, count: { exactly: 1 } });
    expect(await locum.requests()).toHaveLength(1);
  });
}
