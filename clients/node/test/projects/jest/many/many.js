const { locum } = require("locum/jest");
const { assignLicense } = require("../licenses.js");

/** Five of the fifty tests that four workers run. */
exports.testFive = () => {
  const world = locum();

  test.each([1, 2, 3, 4, 5])("number %i", async (number) => {
    const email = `n${number}@example.test`;
    expect(await assignLicense(world.jetbrainsAccount, email)).toBe(200);
    await world.verify({ match: { body: { contact: { email } } }, count: { exactly: 1 } });
    expect(await world.requests()).toHaveLength(1);
  });
};
