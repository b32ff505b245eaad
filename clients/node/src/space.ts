/// <reference lib="esnext.disposable" preserve="true" />
import { randomBytes } from "node:crypto";
import { Clock } from "./clock.js";
import type { Control } from "./control.js";
import { LocumError } from "./error.js";
import { Faults } from "./faults.js";
import { describeAll } from "./saw.js";
import type { Page } from "./saw.js";
import { readSeed } from "./seed.js";
import { Atlassian, chooseCredentials, JetbrainsAccount, LicenseVault, listCredentials } from "./services.js";
import type {
  CreatedSpace,
  Credential,
  Expectation,
  RequestFilter,
  RequestSummary,
  Seed,
  Seeded,
  Verified,
} from "./wire.js";

export interface SpaceOptions {
  /** What it is made from; left out, the seed that Locum was started with. */
  seed?: Seed | undefined;
  /** `real`, `frozen@2026-06-01T09:00:00Z`, `offset@…`; a date is a frozen clock. Left out, as the seed says. */
  clock?: Date | string | undefined;
  /** What it is for, as a part of its name. */
  label?: string | undefined;
}

/** How many requests are shown of a test, and of others. */
const SHOWN = 50;
const STRANGERS_SHOWN = 10;

// Node 18 has it under no name of its own before 18.18.
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("nodejs.asyncDispose");

/** A world of a test's own: organizations, credentials, clock, faults, limits, journal. A request is in it when its
    credential is one of its credentials. */
export class Space {
  readonly name: string;
  /** Every credential, by service and label. */
  credentials: Credential[];
  /** Base URLs, codes and credentials, as `locum env` names them, for the environment of a program. */
  variables: Record<string, string>;
  /** Where the seed spells out what another space has: here it is another one. */
  replaced: string[];

  readonly jetbrainsAccount = new JetbrainsAccount();
  readonly licenseVault = new LicenseVault();
  readonly atlassian = new Atlassian();
  readonly clock: Clock;
  readonly faults: Faults;
  readonly #api: Control;
  /** The newest request of the space `default` when this one was made. */
  readonly #before: string | undefined;
  #isDeleted = false;

  private constructor(api: Control, name: string, made: CreatedSpace, before: string | undefined) {
    this.name = name;
    this.#api = api;
    this.#before = before;
    this.replaced = made.replaced ?? [];
    this.credentials = made.credentials ?? listCredentials(made.organizations);
    this.variables = made.variables;
    this.#update(this.variables, this.credentials);
    this.clock = new Clock(api, `spaces/${name}/clock`);
    this.faults = new Faults(api, `spaces/${name}/faults`);
  }

  /** @internal @param idleTtl after how long without a request it may go, if nobody deletes it */
  static async create(control: Control, options: SpaceOptions, idleTtl: string | undefined): Promise<Space> {
    const { seed, clock, label } = options;
    const name = nameSpace(label ?? "");
    const body = {
      name,
      seed: seed === undefined ? undefined : readSeed(seed),
      clock: clock instanceof Date ? `frozen@${clock.toISOString()}` : clock,
      idle_ttl: idleTtl,
    };
    const newest = await control.call<Page>("GET", "requests?limit=1").catch(() => undefined);
    const made = await control.call<CreatedSpace>("POST", "spaces", body);
    return new Space(control, name, made, newest?.requests[0]?.id);
  }

  /** The base URL of everything. */
  get url(): string {
    return this.#api.base;
  }

  /** Any route of the control API, of this space: `control("POST", "credentials/reader/expire")`. */
  control<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#api.call(method, `spaces/${this.name}/${path.replace(/^\/+/, "")}`, body);
  }

  /** Applies a seed. `merge`: what is there stays; `replace`: it goes, the clock with it. */
  async seed(seed: Seed, options: { mode?: "merge" | "replace" } = {}): Promise<Seeded> {
    const mode = options.mode ?? "merge";
    const read = readSeed(seed);
    const text = typeof read === "string" ? read : JSON.stringify(read);
    const seeded = await this.control<Seeded>("POST", `seed?mode=${mode}`, text);
    const known = await this.control<Record<string, string>>("GET", "variables");
    const made = listCredentials(seeded.organizations);
    const isKept = (old: Credential) => mode === "merge" && !made.some((one) => isSame(one, old));
    const kept = mode === "merge" ? this.variables : {};
    this.#update(
      { ...chooseCredentials(seeded.organizations), ...kept, ...known },
      [...this.credentials.filter(isKept), ...made],
    );
    return seeded;
  }

  /** Goes back to what it was made from: data, clock, faults, limits, journal. */
  async reset(): Promise<Seeded> {
    const seeded = await this.control<Seeded>("POST", "reset");
    const known = await this.control<Record<string, string>>("GET", "variables");
    this.#update(
      { ...chooseCredentials(seeded.organizations), ...known },
      listCredentials(seeded.organizations),
    );
    return seeded;
  }

  /** Whether requests were made as expected: throws a LocumError with what comes nearest where they were not. */
  verify(expectation: Expectation): Promise<Verified> {
    const path = `spaces/${this.name}/requests/verify`;
    return this.#api.call("POST", path, expectation, expectation.within === undefined ? undefined : 0);
  }

  /** The journal, the oldest first. */
  async requests(filter: RequestFilter = {}): Promise<RequestSummary[]> {
    const all: RequestSummary[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#list(this.name, { ...filter, limit: 1000, cursor });
      all.push(...page.requests);
      cursor = page.next;
    } while (cursor !== undefined);
    return all.reverse();
  }

  /** What Locum saw of this test, one line for each request: for the message of a test that failed. */
  async explain(): Promise<string> {
    if (this.#isDeleted) return "What Locum saw: the space is deleted, and its journal with it";
    try {
      const own = await this.#list(this.name, { limit: SHOWN });
      // A request with a credential that nobody knows is in the space `default`.
      const since = this.#before;
      const strangers = await this.#list("default", { limit: STRANGERS_SHOWN, since }).catch(() => ({ requests: [] }));
      return describeAll(own, strangers);
    } catch (error) {
      if (error instanceof LocumError) return `What Locum saw cannot be told: ${error.message}`;
      throw error;
    }
  }

  /** Deletes it: its credentials are unknown from the next request on. */
  async delete(): Promise<void> {
    if (this.#isDeleted) return;
    this.#isDeleted = true;
    await this.#api.call("DELETE", `spaces/${this.name}`);
  }

  [asyncDispose](): Promise<void> {
    return this.delete();
  }

  #update(variables: Record<string, string>, credentials: Credential[]): void {
    this.variables = variables;
    this.credentials = credentials;
    for (const service of [this.jetbrainsAccount, this.licenseVault, this.atlassian]) {
      service.update(variables, credentials);
    }
  }

  #list(space: string, filter: Record<string, unknown>): Promise<Page> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(filter)) if (value !== undefined) query.set(name, String(value));
    return this.#api.call("GET", `spaces/${space}/requests?${query}`);
  }
}

function isSame(one: Credential, other: Credential): boolean {
  return one.service === other.service && one.label === other.label && one.organization === other.organization;
}

/** A name that is free, and says what the space is for: up to 64 letters, digits, `-` and `_`. */
function nameSpace(label: string): string {
  const words = label.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 40).replace(/^-|-$/g, "");
  return `${words || "test"}-${randomBytes(8).toString("hex")}`;
}

