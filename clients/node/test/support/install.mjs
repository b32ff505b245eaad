// Installs what is published into a folder of its own, .fresh, beside the projects that are tested with it.
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fresh, root } from "./run.mjs";

const packages = join(fresh, "packages");
rmSync(fresh, { recursive: true, force: true });
cpSync(join(root, "test/projects"), fresh, { recursive: true });
writeFileSync(join(fresh, "package.json"), '{ "name": "fresh", "private": true }\n');
execFileSync(process.execPath, [join(root, "scripts/pack.mjs"), packages], { stdio: "inherit" });
// Offline: what there is of other platforms need not be asked for, and is not there before the first release.
const tarballs = readdirSync(packages).map((name) => `./packages/${name}`);
execFileSync("npm", ["install", "--offline", ...tarballs], { cwd: fresh, stdio: "inherit" });

// The code under test is the same for both: of Jest, as CommonJS.
const client = readFileSync(join(fresh, "vitest/licenses.js"), "utf8").replaceAll("export async", "async");
writeFileSync(join(fresh, "jest/licenses.js"), `${client}\nmodule.exports = { assignLicense, findLicense };\n`);

// Ten files of five tests each, which are all the same.
for (let number = 1; number <= 10; number += 1) {
  const [one, other] = ["vitest", "jest"].map((name) => join(fresh, name, "many", `many${number}.test`));
  writeFileSync(`${one}.ts`, 'import { testFive } from "./many.js";\n\ntestFive();\n');
  writeFileSync(`${other}.js`, 'require("./many.js").testFive();\n');
}
