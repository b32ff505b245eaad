import { inspect } from "node:util";
import type * as jestGlobals from "@jest/globals";
import { LocumError } from "./error.js";
import { createLocum } from "./locum.js";
import type { Locum, LocumOptions } from "./locum.js";
import type { Space } from "./space.js";

/** What this reads of the state of jest-circus, which tells nobody else that a test has failed. */
interface CircusState {
  currentDescribeBlock?: { hooks: { fn: unknown }[] };
  currentlyRunningTest?: { errors: unknown[] } | null;
}

/** How long a start may take, and a space. */
const PATIENCE = 60_000;

let isWarned = false;

/** Makes a space for each test that follows in this file or `describe`, and deletes it after the test. What it gives is
    the space of the test that runs. */
export function locum(options: LocumOptions = {}): Space {
  const { afterAll, afterEach, beforeAll, beforeEach, expect } = findGlobals();
  const block = findState()?.currentDescribeBlock;
  let started: Promise<Locum> | undefined;
  let space: Space | undefined;

  async function end(): Promise<void> {
    const ended = space;
    space = undefined;
    await ended?.delete();
  }

  async function explain(): Promise<void> {
    if (space) await explainFailure(space);
    // Where it is not the last of all `afterEach`, another may still need it.
    if (block?.hooks.at(-1)?.fn === explain) await end();
  }

  beforeAll(() => {
    // Jest runs them in the order they were written. One of the test's own may ask the space, and fail.
    const index = block?.hooks.findIndex(({ fn }) => fn === explain) ?? -1;
    if (index >= 0) block?.hooks.push(...block.hooks.splice(index, 1));
  });

  beforeEach(async () => {
    await end();
    started ??= createLocum(options);
    // The next test tries again.
    started.catch(() => (started = undefined));
    space = await (await started).space({ label: expect.getState().currentTestName });
  }, PATIENCE);

  afterEach(explain, PATIENCE);
  afterAll(end, PATIENCE);

  const find = (member: PropertyKey): Space => {
    if (space) return space;
    throw new LocumError(
      `locum.${String(member)}: there is a space only while a test runs: not while tests are named, not in ` +
        "`beforeAll`, and not in `test.concurrent`, for which Jest runs no `beforeEach`. createLocum() of \"locum\" " +
        "makes one anywhere",
    );
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

function findState(): CircusState | undefined {
  const symbol = Object.getOwnPropertySymbols(globalThis).find((one) => one.description === "JEST_STATE_SYMBOL");
  return symbol && ((globalThis as Record<symbol, unknown>)[symbol] as CircusState | undefined);
}

async function explainFailure(space: Space): Promise<void> {
  const state = findState();
  if (!state) {
    // Node 18 hides the symbols of a global object that is not its own.
    if (!isWarned) console.warn("locum: what Locum saw is not shown, because that takes Node 20 and jest-circus");
    isWarned = true;
    return;
  }
  const errors = state.currentlyRunningTest?.errors;
  if (!errors?.length) return;
  const saw = await space.explain();
  // What was thrown, and where from.
  const [thrown, place] = Array.isArray(errors[0]) ? errors[0] : [errors[0]];
  errors[0] = [addTo(thrown, place, saw), place];
}

/** Jest shows the stack of an error below the test, and takes what is before the first place in it for the message. */
function addTo(thrown: unknown, place: unknown, saw: string): unknown {
  const error = isError(thrown) ? thrown : new Error(`thrown: ${format(thrown)}`);
  const stack = isError(thrown) ? thrown.stack : `${error.message}${findPlaces(isError(place) ? place.stack : "")}`;
  const places = findPlaces(stack);
  const told = `${stack.slice(0, stack.length - places.length)}\n\n${saw}\n${places}`;
  if (Reflect.set(error, "stack", told)) return error;
  // That of a frozen one.
  return Object.assign(new Error(error.message), { name: error.name, stack: told });
}

function isError(value: unknown): value is Error & { stack: string } {
  const { message, stack } = (value ?? {}) as Partial<Error>;
  return typeof stack === "string" && typeof message === "string";
}

function findPlaces(stack: string): string {
  const at = stack.search(/\n\s+at /);
  return at < 0 ? "" : stack.slice(at);
}

/** As Jest does: a text as it is, because one of several lines says that a test took too long. */
function format(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : inspect(value);
}
