import { LocumError } from "./error.js";
import type { Credential, SeededOrganization } from "./wire.js";

/** A service of a space: where it is, and what it lets in. Its members are those of an ordinary object, so that it can
    be spread into a client's options. */
export class Service {
  /** Its base URL. */
  declare readonly url: string;
  /** Its credentials by label. Where organizations have the same label, that of the first. */
  declare readonly credentials: Record<string, string>;
  readonly #title: string;
  readonly #id: string;
  readonly #names: Record<string, string>;

  /** @internal @param names which of the variables each member is */
  constructor(title: string, id: string, names: Record<string, string>) {
    this.#title = title;
    this.#id = id;
    this.#names = names;
  }

  /** The credential with this label. */
  credential(label: string): string {
    const token = this.credentials[label];
    if (token !== undefined) return token;
    const known = Object.keys(this.credentials).map((name) => `\`${name}\``);
    throw new LocumError(`${this.#title} has no credential \`${label}\`, but ${known.join(", ") || "none at all"}`);
  }

  /** @internal Says what is in the space now. */
  update(variables: Record<string, string>, credentials: Credential[]): void {
    const tokens: Record<string, string> = {};
    for (const { service, label, token } of credentials) {
      if (service === this.#id && !Object.hasOwn(tokens, label)) tokens[label] = token;
    }
    const members = { ...this.#names, credentials: "" };
    for (const [member, name] of Object.entries(members)) {
      const value = member === "credentials" ? tokens : variables[name];
      const known = { value, enumerable: true, configurable: true };
      // Only whoever needs it learns that it is not there.
      const absent = { get: () => this.#refuse(name), enumerable: false, configurable: true };
      Object.defineProperty(this, member, value === undefined ? absent : known);
    }
  }

  #refuse(name: string): never {
    throw new LocumError(`the seed of this space gives ${this.#title} nothing that ${name} could be`);
  }
}

export class JetbrainsAccount extends Service {
  /** For `X-Customer-Code`. */
  declare readonly customerCode: string;
  /** For `X-Api-Key`: an organization admin's, if there is one. */
  declare readonly apiKey: string;

  /** @internal */
  constructor() {
    super("JetBrains Account", "jetbrains_account", {
      url: "JETBRAINS_ACCOUNT_URL",
      customerCode: "JETBRAINS_ACCOUNT_CUSTOMER_CODE",
      apiKey: "JETBRAINS_ACCOUNT_API_KEY",
    });
  }
}

/** The License Vault, and the License Server's reports. */
export class LicenseVault extends Service {
  /** The first vault's, as a Bearer. */
  declare readonly token: string;
  declare readonly automationToken: string;

  /** @internal */
  constructor() {
    super("License Vault", "license_vault", {
      url: "LICENSE_VAULT_URL",
      token: "LICENSE_VAULT_TOKEN",
      automationToken: "LICENSE_VAULT_AUTOMATION_TOKEN",
    });
  }
}

/** The API Access API of Atlassian's administration. */
export class Atlassian extends Service {
  declare readonly orgId: string;
  /** As a Bearer: one without scopes, so for everything, if there is one. */
  declare readonly apiKey: string;

  /** @internal */
  constructor() {
    super("Atlassian", "atlassian", {
      url: "ATLASSIAN_API_ACCESS_URL",
      orgId: "ATLASSIAN_ORG_ID",
      apiKey: "ATLASSIAN_API_KEY",
    });
  }
}

/** What a seed's answer names, as the answer for a new space lists it. */
export function listCredentials(organizations: SeededOrganization[]): Credential[] {
  return organizations.flatMap((organization) => {
    const { customer_code, jetbrains_account: account, license_vault: vault, atlassian } = organization;
    const of = (service: string, kind: string, label: string, token: string) =>
      ({ service, kind, label, organization: customer_code, token }) satisfies Credential;
    return [
      ...(account?.tokens ?? []).map(({ person, team, token }) =>
        of("jetbrains_account", "jetbrains_token", `${person} (${team ? `team ${team}` : "organization"})`, token),
      ),
      ...(vault?.tokens ?? []).map(({ kind, name, token }) =>
        of("license_vault", kind, `${vault?.name} (${name ? `${name}, ` : ""}${kind})`, token),
      ),
      ...(atlassian?.api_keys ?? []).map(({ label, token }) => of("atlassian", "api_key", label, token)),
    ];
  });
}

/** Which of them the variables name, where only a seed's answer is known. */
export function chooseCredentials(organizations: SeededOrganization[]): Record<string, string> {
  const accounts = organizations.flatMap((one) => one.jetbrains_account?.tokens ?? []);
  const vaults = organizations.flatMap((one) => one.license_vault?.tokens ?? []);
  const keys = organizations.flatMap((one) => one.atlassian?.api_keys ?? []);
  const chosen = {
    JETBRAINS_ACCOUNT_API_KEY: accounts.find(({ team }) => team === undefined)?.token,
    LICENSE_VAULT_TOKEN: vaults.find(({ kind }) => kind === "vault")?.token,
    LICENSE_VAULT_AUTOMATION_TOKEN: vaults.find(({ kind }) => kind === "automation")?.token,
    ATLASSIAN_API_KEY: (keys.find(({ scopes }) => !scopes) ?? keys[0])?.token,
  };
  const known = Object.entries(chosen).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return Object.fromEntries(known);
}
