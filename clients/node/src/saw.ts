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

/** Requests as the journal lists them, the newest first; `next` is there when there are more. */
export interface Page {
  requests: RequestSummary[];
  next?: string;
}

/** What Locum saw of a test.
    @param own the requests of its space
    @param strangers those of the space `default` since it began */
export function describeAll(own: Page, strangers: Page): string {
  const lines = ["What Locum saw:", ...describePage(own)];
  if (own.requests.length === 0) lines.push("  no request with a credential of this test");
  if (strangers.requests.length > 0) {
    lines.push("Meanwhile in the space `default`, where requests go that have no test's credential:");
    lines.push(...describePage(strangers));
  }
  return lines.join("\n");
}

function describePage({ requests, next }: Page): string[] {
  const lines = requests.map((request) => `  ${describeRequest(request)}`).reverse();
  return next === undefined ? lines : ["  … and before:", ...lines];
}
