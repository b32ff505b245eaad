import { expectTypeOf, test as base } from "vitest";
import { createLocum, LocumError } from "locum";
import type { Difference, Fault, RequestSummary, Seed, Space } from "locum";
import setup from "locum/global-setup";
import { locum, test } from "locum/vitest";

test("the fixture is a space", async ({ locum }) => {
  expectTypeOf(locum).toEqualTypeOf<Space>();
  expectTypeOf(locum.jetbrainsAccount.apiKey).toEqualTypeOf<string>();
  expectTypeOf(locum.atlassian.credentials["reader"]).toEqualTypeOf<string | undefined>();
  expectTypeOf(await locum.requests({ status: "4xx" })).toEqualTypeOf<RequestSummary[]>();
  expectTypeOf(await locum.faults.add({ then: [{ status: 503 }, {}] })).toEqualTypeOf<Fault>();
  await locum.verify({ match: { operation: "assignLicense", ignored: false }, count: { exactly: 1 }, within: "2s" });
  // @ts-expect-error Only one of them says how many.
  await locum.verify({ count: { exactly: "1" } });
});

const extended = base.extend({ ...locum, locumSeed: new URL("seed.yaml", import.meta.url), locumClock: "real" });
extended("options", ({ locum, locumSeed }) => {
  expectTypeOf(locum).toEqualTypeOf<Space>();
  expectTypeOf(locumSeed).toExtend<Seed | undefined>();
});
base.extend(locum)("as it is", ({ locum }) => expectTypeOf(locum).toEqualTypeOf<Space>());
// @ts-expect-error A clock is no number.
base.extend({ ...locum, locumClock: 1 });

export async function disposeOfIt(): Promise<Difference[]> {
  await using server = await createLocum({ seed: { version: 1, organizations: [{ name: "A" }] } });
  await using space = await server.space({ clock: new Date() });
  try {
    await space.clock.advance("30d");
  } catch (error) {
    if (error instanceof LocumError) return error.differences;
  }
  return [];
}

expectTypeOf(setup).toEqualTypeOf<() => Promise<() => Promise<void>>>();
