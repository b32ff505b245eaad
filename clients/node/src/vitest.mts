import { test as base } from "vitest";
import { createLocum } from "./index.js";
import type { Locum, Seed, Space } from "./index.js";

/** What this needs of a task of Vitest. */
interface Task {
  name: string;
  result?: { errors?: { message?: string; stack?: string }[] | undefined } | undefined;
}

interface Context {
  task: Task;
  locumSeed: Seed | undefined;
  locumClock: Date | string | undefined;
}

let started: Promise<Locum> | undefined;

/** Fixtures for `test.extend`: `locum`, a space for each test that asks for it, and the options `locumSeed` and
    `locumClock` of what that is made from. */
export const locum = {
  locumSeed: undefined as Seed | undefined,
  locumClock: undefined as Date | string | undefined,
  locum: async (
    { task, locumSeed, locumClock }: Context,
    use: (space: Space) => Promise<void>,
  ): Promise<void> => {
    started ??= createLocum();
    // The next test tries again.
    started.catch(() => (started = undefined));
    const space = await (await started).space({ seed: locumSeed, clock: locumClock, label: task.name });
    // Those of earlier tries have their own.
    const earlier = task.result?.errors?.length ?? 0;
    try {
      await use(space);
    } finally {
      const error = task.result?.errors?.[earlier];
      if (error) await explain(error, space);
      await space.delete();
    }
  },
};

/** Vitest's own `test`, with the fixture `locum`. */
export const test = base.extend<{
  locumSeed: Seed | undefined;
  locumClock: Date | string | undefined;
  locum: Space;
}>(locum);

/** Every reporter shows the message of an error below the test. */
async function explain(error: { message?: string }, space: Space): Promise<void> {
  const saw = await space.explain();
  error.message = `${error.message ?? ""}\n\n${saw}`;
}
