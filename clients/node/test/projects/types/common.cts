import { createLocum, LocumError } from "locum";
import setup = require("locum/global-setup");
import jest = require("locum/jest");

const world = jest.locum({ seed: "version: 1\n", clock: "frozen@2026-06-01T09:00:00Z" });

test("a space", async () => {
  const now: Date = await world.clock.now();
  const url: string = world.licenseVault.url;
  expect([now, url]).toBe(LocumError);
});

export const stop: Promise<() => Promise<void>> = setup.default();
export const url: Promise<string> = createLocum().then((locum) => locum.url);
