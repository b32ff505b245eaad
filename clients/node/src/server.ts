import * as childProcess from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { explainSpawn, findBinary } from "./binary.js";
import { LocumError } from "./error.js";

/** A Locum of this process. */
export interface Server {
  readonly url: string;
  /** Why it is no longer there. */
  explainEnd(): string | undefined;
  /** Ends it, and waits for that. */
  stop(): Promise<void>;
}

/** Settings of the environment that a Locum for tests takes; not those that say where it listens and keeps its data. */
const SETTINGS = ["SEED", "SEED_INLINE", "CLOCK", "ID_SEED", "RATE_LIMIT", "JOURNAL", "ANSWERS", "LOG", "LOG_FORMAT"];

/** Runs beside Locum: says where that is, and waits until nobody holds the other end of its input any more. When this
    process ends, however that is, the system closes it, and with this command ends Locum. */
const WAIT = 'printf "%s\\n" "$LOCUM_URL"; exec cat >/dev/null';

/** How much of its log is kept to explain an end. */
const TAIL = 4096;

interface Shared {
  server: Promise<Server>;
  users: number;
}

// On a module of Node's own, because Jest gives each test file other globals and other copies of this module, and both
// of CommonJS and ESM may be loaded.
const place = childProcess as unknown as { default?: Record<symbol, Shared | undefined> };
const SHARED = Symbol.for("locum.server");
const holder = (place.default ?? place) as Record<symbol, Shared | undefined>;

/** The Locum of this process, started by the first who asks. Whoever asked has to `stop` it; the last one ends it. */
export async function shareServer(): Promise<Server> {
  const shared = (holder[SHARED] ??= { server: start(), users: 0 });
  shared.users += 1;
  try {
    const server = await shared.server;
    // Nothing can be asked of one that was killed.
    if (server.explainEnd() === undefined) return { ...server, stop: () => release(shared, server) };
  } catch (error) {
    forget(shared);
    throw error;
  }
  forget(shared);
  return shareServer();
}

async function release(shared: Shared, server: Server): Promise<void> {
  shared.users -= 1;
  if (shared.users > 0) return;
  forget(shared);
  await server.stop();
}

function forget(shared: Shared): void {
  if (holder[SHARED] === shared) holder[SHARED] = undefined;
}

function start(): Promise<Server> {
  const binary = findBinary();
  const child = childProcess.spawn(binary, ["exec", "--listen", "127.0.0.1:0", "--", "sh", "-c", WAIT], {
    // A Ctrl-C at the terminal is the test runner's, which may still have to delete its spaces.
    detached: true,
    env: environment(process.env),
  });
  // When it ends first, there is nobody to tell.
  child.stdin.on("error", () => undefined);
  return waitForUrl(child, binary);
}

function waitForUrl(child: ChildProcessWithoutNullStreams, binary: string): Promise<Server> {
  let log = "";
  let end: string | undefined;
  const isLogWanted = Boolean(process.env["LOCUM_LOG"]);
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-TAIL);
    if (isLogWanted) process.stderr.write(text);
  });
  child.on("exit", (code, signal) => {
    end = signal ?? `exit code ${code}`;
    // What waits beside it holds on to its error output.
    child.stdin.destroy();
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const explainEnd = () => (end === undefined ? undefined : `Locum has ended (${end})${log && `: ${log.trim()}`}`);
  const stop = async () => {
    child.ref();
    child.stdin.end();
    await ended;
  };
  return new Promise((resolve, reject) => {
    let said = "";
    child.on("error", (error) => reject(explainSpawn(binary, error)));
    void ended.then(() => reject(new LocumError(`Locum did not start. ${explainEnd()}`)));
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const url = said.split("\n", 1)[0] ?? "";
      if (!said.includes("\n")) return;
      // From now on none of them keeps this process from ending.
      for (const part of [child, child.stdin, child.stdout, child.stderr]) (part as { unref?(): void }).unref?.();
      resolve({ url, explainEnd, stop });
    });
  });
}

function environment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isTaken = (name: string) => !name.startsWith("LOCUM_") || SETTINGS.includes(name.slice("LOCUM_".length));
  return Object.fromEntries(Object.entries(env).filter(([name]) => isTaken(name)));
}
