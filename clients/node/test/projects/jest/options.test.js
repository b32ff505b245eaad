const { join } = require("node:path");
const { locum } = require("locum/jest");
const { findLicense } = require("./licenses.js");

describe("a seed and a clock", () => {
  const world = locum({ seed: join(__dirname, "../seed.yaml"), clock: "frozen@2026-06-01T09:00:00Z" });

  beforeEach(async () => {
    await findLicense(world.jetbrainsAccount, "NOSUCH");
  });

  test("are options", async () => {
    expect(Object.keys(world.jetbrainsAccount.credentials)).toEqual(["zoe@second.test (organization)"]);
    expect(await world.clock.now()).toEqual(new Date("2026-06-01T09:00:00Z"));
    expect(await findLicense(world.jetbrainsAccount, "ZOES000001")).toBe(200);
  });

  test("and each test begins anew, with fake timers too", async () => {
    jest.useFakeTimers();
    expect(await world.requests()).toHaveLength(1);
    jest.useRealTimers();
  });

  test("and a test can delete it itself", async () => {
    await world.delete();
  });

  expect(() => world.url).toThrow("locum.url: there is a space only while a test runs");
});

test("elsewhere there is none", () => {
  expect(true).toBe(true);
});
