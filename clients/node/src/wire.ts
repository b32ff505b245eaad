/** What the control API sends and takes, in its own words: `docs/control-api.md` of Locum. */

/** A seed as an object; `locum seed schema` says what it holds. */
export interface SeedDocument {
  version: number;
  clock?: string;
  organizations?: object[];
}

/** A seed: an object; a text of YAML or JSON; or a file of one, as a URL, or as a path that ends in its extension. */
export type Seed = SeedDocument | string | URL;

/** Which requests. Everything that is said must fit. */
export interface Match {
  service?: string;
  operation?: string;
  /** Its label. */
  credential?: string;
  method?: string;
  /** A whole segment `{name}` or `*` stands for any one segment, a `*` at the end for anything. */
  path?: string;
  query?: Record<string, string>;
  /** Of an object, members that are not named do not matter. */
  body?: unknown;
}

export interface Expected extends Match {
  status?: number;
  /** Whether it sent something that nothing read. */
  ignored?: boolean;
}

export interface Expectation {
  /** Left out, all of them. */
  match?: Expected;
  /** Left out, at least one. */
  count?: { exactly: number } | { at_least: number } | { at_most: number };
  /** How long to wait for it, like `2s`. */
  within?: string;
}

export interface Verified {
  expected: string;
  found: number;
}

/** What goes wrong. */
export interface Effect {
  /** As the service itself answers with this status. */
  status?: number;
  /** The vendor's error with this code. */
  code?: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** Like `500ms`. */
  delay?: string;
  fault?: "connection_reset" | "empty" | "truncated";
}

export interface FaultRule {
  match?: Match;
  /** A list is a sequence, one for each hit. */
  then: Effect | Effect[];
  times?: number;
  after?: number;
}

export interface Fault extends FaultRule {
  id: string;
  hits: number;
}

/** What a request sent that nothing read. */
export interface Ignored {
  /** Like `query/perpage`, `body/licenceId`, or `body`, which is all of it. */
  at: string;
  did_you_mean?: string;
  reason?: string;
}

/** A record that a request changed. */
export interface Change {
  service: string;
  /** What kind of record. */
  record: string;
  id: string;
  /** Like `assigned FREE000003 to eve@example.test`. */
  what: string;
}

/** A request of the journal, in short. */
export interface RequestSummary {
  id: string;
  /** By the space's clock. */
  at: string;
  elapsed_us: number;
  service?: string;
  operation?: string;
  /** Its label; absent where it is not known. */
  credential?: string;
  method: string;
  path: string;
  query?: string;
  status: number;
  /** What an injected fault did to it. */
  fault?: string;
  /** Why it was refused. */
  refusal?: string;
  ignored?: Ignored[];
  /** The first few records that it changed. */
  changes?: Change[];
  /** How many it changed, where they are more. */
  changed?: number;
}

export interface RequestFilter {
  service?: string;
  operation?: string;
  credential?: string;
  /** Like `404` or `4xx`. */
  status?: number | string;
  ignored?: boolean;
  /** From this time on, or behind the request with this id. */
  since?: string;
}

export interface Difference {
  field: string;
  expected?: string;
  found?: string;
}

/** A request that is nearly what was expected. */
export interface Near extends RequestSummary {
  differences: Difference[];
}

/** `application/problem+json`. */
export interface Problem {
  title?: string;
  status: number;
  detail: string;
  /** Where in the body, or of the query. */
  pointer?: string;
  nearest?: Near[];
  [member: string]: unknown;
}

export interface ClockState {
  mode: "real" | "frozen" | "offset";
  now: string;
}

/** A credential of a space. */
export interface Credential {
  service: string;
  kind: string;
  label: string;
  /** The customer code of its organization. */
  organization: string;
  token: string;
  [member: string]: unknown;
}

export interface SeededOrganization {
  name: string;
  customer_code: string;
  org_id: string;
  jetbrains_account?: {
    tokens: { person: string; team?: number; token: string }[];
    [member: string]: unknown;
  };
  license_vault?: { name: string; tokens: { kind: string; name?: string; token: string }[] };
  atlassian?: {
    api_keys: { id: string; label: string; scopes?: string[]; token: string }[];
    [member: string]: unknown;
  };
}

/** What a seed made. */
export interface Seeded {
  space: string;
  dry_run: boolean;
  organizations: SeededOrganization[];
  /** Where the seed spells out what another space has: here it is another one. */
  replaced?: string[];
}

/** A space that was just made. */
export interface CreatedSpace extends Seeded {
  variables: Record<string, string>;
  credentials?: Credential[];
}
