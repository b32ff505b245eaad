import vitest = require("locum/vitest");

vitest.test("a fixture", ({ locum }) => void locum.name.length);
