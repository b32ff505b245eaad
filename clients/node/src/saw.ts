import type { Ignored, RequestSummary } from "./wire.js";

/** Says in one line what a request was and how it was answered. */
export function describeRequest(request: RequestSummary): string {
  const { status, method, path, query, credential, refusal, fault, ignored } = request;
  const target = query ? `${path}?${query}` : path;
  const parts = [`${status} ${method} ${target}`];
  if (credential) parts.push(` by ${credential}`);
  if (fault) parts.push(` (fault: ${fault})`);
  if (refusal) parts.push(`: ${refusal}`);
  if (ignored?.length) parts.push(`; ignored: ${ignored.map(describeIgnored).join(", ")}`);
  // One line for each, whatever somebody has sent.
  return parts.join("").replace(/\s+/g, " ");
}

function describeIgnored({ at, did_you_mean: near, reason }: Ignored): string {
  const notes = [reason, near && `did you mean ${near}?`].filter(Boolean);
  return notes.length ? `${at} (${notes.join(": ")})` : at;
}

/** What Locum saw of a test.
    @param own requests of its space, the oldest first
    @param strangers requests whose credential no space knows, which were made meanwhile */
export function describeAll(own: RequestSummary[], strangers: RequestSummary[], isMore: boolean): string {
  const lines = ["What Locum saw:"];
  if (isMore) lines.push("  … and before:");
  if (own.length === 0) lines.push("  no request with a credential of this test");
  lines.push(...own.map((request) => `  ${describeRequest(request)}`));
  if (strangers.length > 0) {
    lines.push("Meanwhile, by nobody that a test's space knows:");
    lines.push(...strangers.map((request) => `  ${describeRequest(request)}`));
  }
  return lines.join("\n");
}
