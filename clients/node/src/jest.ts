import type * as jestGlobals from "@jest/globals";
import { LocumError } from "./error.js";
import { createLocum } from "./locum.js";
import type { Locum, LocumOptions } from "./locum.js";
import type { Space } from "./space.js";

/** What this reads of the state of jest-circus, which tells nobody else that a test has failed. */
interface CircusState {
  currentlyRunningTest?: { errors: (unknown[] | unknown)[] } | null;
}

/** How long a start may take, and a space. */
const PATIENCE = 60_000;

let isWarned = false;

/** Makes a space for each test that follows in this file or `describe`, and deletes it after the test. What it gives is
    the space of the test that runs. */
export function locum(options: LocumOptions = {}): Space {
  const { afterEach, beforeEach, expect } = findGlobals();
  let started: Promise<Locum> | undefined;
  let space: Space | undefined;

  beforeEach(async () => {
    started ??= createLocum(options);
    // The next test tries again.
    started.catch(() => (started = undefined));
    space = await (await started).space({ label: expect.getState().currentTestName });
  }, PATIENCE);

  afterEach(async () => {
    const ended = space;
    space = undefined;
    if (!ended) return;
    try {
      await explainFailure(ended);
    } finally {
      await ended.delete();
    }
  }, PATIENCE);

  const find = (member: PropertyKey): Space => {
    if (space) return space;
    throw new LocumError(`locum.${String(member)}: there is a space only while a test runs, not while tests are named`);
  };
  return new Proxy({} as Space, {
    get(_, member) {
      const current = find(member);
      const value: unknown = Reflect.get(current, member, current);
      return typeof value === "function" ? value.bind(current) : value;
    },
    set: (_, member, value) => Reflect.set(find(member), member, value),
  });
}

function findGlobals(): typeof jestGlobals {
  try {
    // Jest gives it to whoever asks within a test file, installed or not.
    return require("@jest/globals") as typeof jestGlobals;
  } catch (cause) {
    const why = '"locum/jest" is for test files that Jest runs; elsewhere createLocum() of "locum" does it';
    throw new LocumError(why, undefined, { cause });
  }
}

async function explainFailure(space: Space): Promise<void> {
  const symbol = Object.getOwnPropertySymbols(globalThis).find((one) => one.description === "JEST_STATE_SYMBOL");
  const state = symbol && ((globalThis as Record<symbol, unknown>)[symbol] as CircusState | undefined);
  if (!state) {
    // Node 18 hides the symbols of a global object that is not its own.
    if (!isWarned) console.warn("locum: what Locum saw is not shown, because that takes Node 20 and jest-circus");
    isWarned = true;
    return;
  }
  const failed = state.currentlyRunningTest?.errors[0];
  if (failed === undefined) return;
  const saw = await space.explain();
  // What was thrown, and where from.
  const error: unknown = Array.isArray(failed) ? failed[0] : failed;
  if (!addTo(error, saw)) console.error(saw);
}

/** Jest shows the stack of an error below the test, and takes what is before the first place in it for the message. */
function addTo(error: unknown, saw: string): boolean {
  const { message, stack } = (error ?? {}) as Partial<Error>;
  if (typeof stack !== "string" || typeof message !== "string") return false;
  const at = stack.search(/\n\s+at /);
  const [said, places] = at < 0 ? [stack, ""] : [stack.slice(0, at), stack.slice(at)];
  return Reflect.set(error as object, "stack", `${said}\n\n${saw}\n${places}`);
}
