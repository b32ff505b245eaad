const { locum } = require("locum/jest");
const { assignLicense, findLicense } = require("./licenses.js");

const world = locum();

test("a license is assigned", async () => {
  await world.faults.add({ match: { operation: "assignLicense" }, then: { status: 503 }, times: 1 });
  await assignLicense(world.jetbrainsAccount, "eve@example.test");
  await findLicense({ ...world.jetbrainsAccount, apiKey: "a-typo" }, "FREE000001");
  expect(await findLicense(world.jetbrainsAccount, "NOSUCH")).toBe(200);
});

test("an expectation that does not hold", async () => {
  await assignLicense(world.jetbrainsAccount, "bob@example.test");
  const body = { contact: { email: "eve@example.test" } };
  await world.verify({ match: { operation: "assignLicense", body }, count: { exactly: 1 } });
});

test("nothing is said where nothing fails", async () => {
  expect(await findLicense(world.jetbrainsAccount, "NOSUCH")).toBe(404);
});

test("and nothing of other tests", async () => {
  expect(world.replaced).toEqual(["nothing"]);
});
