/// <reference lib="esnext.disposable" preserve="true" />
// Not the global one, which is a browser's in the environments that Jest and Vitest make of jsdom.
import { URL as NodeUrl } from "node:url";
import { Control } from "./control.js";
import { LocumError } from "./error.js";
import { keepFromProxies } from "./proxy.js";
import { shareServer } from "./server.js";
import type { Server } from "./server.js";
import { Space } from "./space.js";
import type { SpaceOptions } from "./space.js";

export interface LocumOptions extends Pick<SpaceOptions, "seed" | "clock"> {
  /** Of a Locum that runs already; left out, `LOCUM_URL`, else this process gets one of its own. */
  url?: string | URL | undefined;
  /** What that Locum's `--control-token` is; left out, `LOCUM_CONTROL_TOKEN`. */
  controlToken?: string | undefined;
}

/** When the spaces of a killed run go, of a Locum that runs on. */
const IDLE_TTL = "1h";

// Node 18 has it under no name of its own before 18.18.
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("nodejs.asyncDispose");

/** A Locum to make spaces in. */
export class Locum {
  readonly #api: Control;
  readonly #server: Server | undefined;
  #closed: Promise<void> | undefined;
  readonly #defaults: Pick<SpaceOptions, "seed" | "clock">;

  private constructor(api: Control, server: Server | undefined, defaults: Pick<SpaceOptions, "seed" | "clock">) {
    this.#api = api;
    this.#server = server;
    this.#defaults = defaults;
  }

  /** @internal */
  static async create(options: LocumOptions): Promise<Locum> {
    const { seed, clock, url: chosen, controlToken } = options;
    const joined = chosen === undefined ? process.env["LOCUM_URL"] : String(chosen);
    const token = controlToken ?? process.env["LOCUM_CONTROL_TOKEN"];
    const server = joined ? undefined : await shareServer();
    const base = checkUrl(server?.url ?? joined ?? "");
    keepFromProxies(base);
    const control = new Control(base, server ? undefined : token, () => server?.explainEnd());
    return new Locum(control, server, { seed, clock });
  }

  /** The base URL of everything. */
  get url(): string {
    return this.#api.base;
  }

  /** Makes a world that only one test is in. */
  space(options: SpaceOptions = {}): Promise<Space> {
    const { seed = this.#defaults.seed, clock = this.#defaults.clock, label } = options;
    return Space.create(this.#api, { seed, clock, label }, this.#server ? undefined : IDLE_TTL);
  }

  /** Any route of the control API. */
  control<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#api.call(method, path, body);
  }

  /** Ends the Locum of this process, unless somebody else uses it; one that was joined runs on. */
  close(): Promise<void> {
    return (this.#closed ??= this.#server?.stop() ?? Promise.resolve());
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Gives a Locum: the one of `url` or `LOCUM_URL`, else one that starts with the first call and ends with this
    process. */
export function createLocum(options: LocumOptions = {}): Promise<Locum> {
  return Locum.create(options);
}

function checkUrl(text: string): string {
  if (!/^https?:\/\//.test(text) || !NodeUrl.canParse(text)) {
    throw new LocumError(`\`${text}\` is no URL of a Locum: expected one like http://localhost:8080`);
  }
  return text.replace(/\/+$/, "");
}
