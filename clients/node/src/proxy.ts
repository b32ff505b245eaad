import { URL as NodeUrl } from "node:url";

/** Hosts that no proxy reaches: this machine is another one there. */
const LOCAL = ["127.0.0.1", "localhost", "::1"];

/** Keeps what the code under test asks of Locum from a proxy of the environment, as `locum exec` does for a command. */
export function keepFromProxies(base: string, env: NodeJS.ProcessEnv = process.env): void {
  const isSet = (name: string) => Boolean(env[name]?.trim());
  const proxies = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
  if (!proxies.some(isSet)) return;
  const hosts = [...LOCAL, new NodeUrl(base).hostname.replace(/^\[|\]$/g, "")];
  const [lower, upper] = ["no_proxy", "NO_PROXY"].map((name) => (isSet(name) ? env[name] : undefined));
  env["no_proxy"] = extend(lower ?? upper, hosts);
  env["NO_PROXY"] = extend(upper ?? lower, hosts);
}

function extend(value: string | undefined, hosts: string[]): string {
  const known = (value ?? "").split(",").map((host) => host.trim()).filter((host) => host !== "");
  if (known.includes("*")) return "*";
  const isKnown = (host: string) => known.some((one) => one.toLowerCase() === host);
  for (const host of hosts) if (!isKnown(host)) known.push(host);
  return known.join(",");
}
