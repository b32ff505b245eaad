import type { Difference, Near, Problem } from "./wire.js";

/** Locum refused a control call, found no request as expected, or is not there. */
export class LocumError extends Error {
  /** What is wrong, and the way out. */
  readonly detail: string;
  /** The status of the answer; absent where there was none. */
  readonly status: number | undefined;
  /** Which part of what was sent is wrong. */
  readonly pointer: string | undefined;
  /** Of an expectation that does not hold: the requests that come nearest. */
  readonly nearest: Near[];
  /** How the nearest of all differs from what was expected. */
  readonly differences: Difference[];
  /** The whole answer. */
  readonly problem: Problem | undefined;

  constructor(detail: string, problem?: Problem, options?: { cause?: unknown }) {
    super(describe(problem?.pointer ? `${problem.pointer}: ${detail}` : detail, problem?.nearest ?? []), options);
    this.detail = detail;
    this.status = problem?.status;
    this.pointer = problem?.pointer;
    this.nearest = problem?.nearest ?? [];
    this.differences = this.nearest[0]?.differences ?? [];
    this.problem = problem;
    // Test runners print every member of an error, and the message says them already.
    for (const name of ["name", "detail", "status", "pointer", "nearest", "differences", "problem"] as const) {
      const value = name === "name" ? "LocumError" : this[name];
      Object.defineProperty(this, name, { value, enumerable: false, configurable: true });
    }
  }
}

function describe(what: string, nearest: Near[]): string {
  const lines = [what];
  for (const near of nearest) {
    lines.push(`nearest: ${near.status} ${near.method} ${near.path}`);
    for (const { field, expected, found } of near.differences) {
      lines.push(`  ${field}: expected ${expected ?? "nothing"}, found ${found ?? "nothing"}`);
    }
  }
  return lines.join("\n");
}
