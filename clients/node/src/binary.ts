import { existsSync } from "node:fs";
import { LocumError } from "./error.js";

/** What there are packages for, each with a binary. */
export const PLATFORMS = ["darwin-arm64", "darwin-x64", "linux-arm64", "linux-x64"];

/** The path of the binary: `LOCUM_BIN`, else that of this platform's package. */
export function findBinary(
  platform = `${process.platform}-${process.arch}`,
  resolve: (file: string) => string = require.resolve,
): string {
  const chosen = process.env["LOCUM_BIN"];
  if (chosen) {
    if (!existsSync(chosen)) throw new LocumError(`LOCUM_BIN: there is no file ${chosen}`);
    return chosen;
  }
  if (!PLATFORMS.includes(platform)) {
    throw new LocumError(
      `there is no Locum for ${platform}, only for ${PLATFORMS.join(", ")}: set LOCUM_BIN to a binary that was built ` +
        "here, or LOCUM_URL to a Locum that runs elsewhere",
    );
  }
  try {
    return resolve(`@locum/${platform}/bin/locum`);
  } catch (cause) {
    throw new LocumError(
      `the package @locum/${platform}, which holds Locum for this platform, is not installed. Install again without ` +
        "--omit=optional and not from another platform's node_modules; or set LOCUM_BIN to a binary",
      undefined,
      { cause },
    );
  }
}

/** The environment for the binary, which would wonder at a name that is not its own. */
export function withoutBinary(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { LOCUM_BIN: _, ...rest } = env;
  return rest;
}

/** Says why a binary that is there does not run. */
export function explainSpawn(binary: string, error: NodeJS.ErrnoException): LocumError {
  const why: Record<string, string> = {
    // The file is there, so it is its loader that is not.
    ENOENT: "it is made for another C library than this system's",
    ENOEXEC: "it is made for another kind of machine",
    EACCES: "it may not be executed here",
  };
  return new LocumError(`cannot run ${binary}: ${why[error.code ?? ""] ?? error.message}`, undefined, { cause: error });
}
