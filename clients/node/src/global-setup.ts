import { createLocum } from "./locum.js";

/** For Vitest's and Jest's `globalSetup`: one Locum for all workers, which ends with the run. */
export default async function setup(): Promise<() => Promise<void>> {
  const locum = await createLocum();
  process.env["LOCUM_URL"] = locum.url;
  return () => locum.close();
}
