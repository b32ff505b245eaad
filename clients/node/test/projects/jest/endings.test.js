const { locum } = require("locum/jest");
const { findLicense } = require("./licenses.js");

const world = locum();

// It runs after that of `locum()`, which stands above.
afterEach(async () => {
  if (expect.getState().currentTestName === "ends badly") await world.verify({ count: { exactly: 0 } });
});

const ask = () => findLicense(world.jetbrainsAccount, "NOSUCH");

test.concurrent("is beside others", ask);

test("ends badly", ask);

test("takes too long", async () => {
  await ask();
  await new Promise(() => undefined);
}, 1000);

test("throws a text", async () => {
  await ask();
  throw "a text";
});

test("throws what cannot be changed", async () => {
  await ask();
  throw Object.freeze(new Error("frozen"));
});
