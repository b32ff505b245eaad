import type * as vitest from "./vitest.mjs" with { "resolution-mode": "import" };

function refuse(): never {
  throw new Error('Vitest itself cannot be required, so neither can "locum/vitest": import it');
}

export const locum: typeof vitest.locum = refuse();
export const test: typeof vitest.test = refuse();
