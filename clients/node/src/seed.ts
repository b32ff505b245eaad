import { readFileSync } from "node:fs";
import { LocumError } from "./error.js";
import type { Seed } from "./wire.js";

/** What the control API takes for a seed: an object or a text. */
export function readSeed(seed: Seed): object | string {
  if (seed instanceof URL) return readFile(seed);
  if (typeof seed !== "string") return seed;
  // A text of one line can be a seed too, but none that ends like this.
  return !seed.includes("\n") && /\.(ya?ml|json)$/i.test(seed) ? readFile(seed) : seed;
}

function readFile(file: string | URL): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new LocumError(`cannot read the seed ${file}: ${(cause as Error).message}`, undefined, { cause });
  }
}
