import { readFileSync } from "node:fs";
import { URL as NodeUrl } from "node:url";
import { LocumError } from "./error.js";
import type { Seed } from "./wire.js";

/** What the control API takes for a seed: an object or a text. */
export function readSeed(seed: Seed): object | string {
  if (typeof seed !== "string") return isUrl(seed) ? readFile(new NodeUrl(seed.href)) : seed;
  // A text of one line can be a seed too, but none that ends like this.
  return !seed.includes("\n") && /\.(ya?ml|json)$/i.test(seed) ? readFile(seed) : seed;
}

/** Also one of a browser's, as there is in the environments that Jest and Vitest make of jsdom. */
function isUrl(seed: Exclude<Seed, string>): seed is URL {
  return typeof (seed as Partial<URL> | null)?.href === "string";
}

function readFile(file: string | URL): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new LocumError(`cannot read the seed ${file}: ${(cause as Error).message}`, undefined, { cause });
  }
}
