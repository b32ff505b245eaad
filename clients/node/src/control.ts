import * as http from "node:http";
import * as https from "node:https";
// Not the global one, which is a browser's in the environments that Jest and Vitest make of jsdom.
import { URL as NodeUrl } from "node:url";
import { LocumError } from "./error.js";
import type { Problem } from "./wire.js";

/** How long an answer may take that nobody said may take longer. */
const PATIENCE = 60_000;

interface Answer {
  status: number;
  text: string;
}

/** The control API of one Locum. */
export class Control {
  /** @param explainEnd says why a Locum of our own is no longer there. */
  constructor(
    readonly base: string,
    private readonly token: string | undefined,
    private readonly explainEnd: () => string | undefined,
  ) {}

  /** Calls a route, and gives its answer. `patience` in milliseconds, 0 for ever. */
  async call<T>(method: string, path: string, body?: unknown, patience = PATIENCE): Promise<T> {
    const headers: Record<string, string> = {};
    if (this.token) headers["authorization"] = `Bearer ${this.token}`;
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    if (text !== undefined) {
      headers["content-type"] = typeof body === "string" ? "application/yaml" : "application/json";
      headers["content-length"] = String(Buffer.byteLength(text));
    }
    const url = new NodeUrl(`${this.base}/_emulator/${path.replace(/^\/+/, "")}`);
    let answer: Answer;
    try {
      answer = await send(url, method, headers, text, patience);
    } catch (cause) {
      const end = this.explainEnd();
      const why = end ?? `Locum at ${this.base} does not answer: ${describe(cause)}`;
      throw this.#shorten(new LocumError(why, undefined, { cause }));
    }
    if (answer.status >= 400) throw this.#shorten(refuse(answer, method, path));
    return parse(answer.text) as T;
  }

  /** Lets an error begin where the caller is. */
  #shorten(error: LocumError): LocumError {
    Error.captureStackTrace(error, this.call);
    return error;
  }
}

/** Over Node's own HTTP, without a shared agent: no proxy that `fetch` or the global agent was told of is used. */
function send(
  url: URL,
  method: string,
  headers: Record<string, string>,
  body: string | undefined,
  patience: number,
): Promise<Answer> {
  const { request } = url.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
      answer.on("error", reject);
    });
    asked.setTimeout(patience, () => asked.destroy(new Error(`nothing came for ${patience / 1000} s`)));
    asked.on("error", reject);
    asked.end(body);
  });
}

function refuse({ status, text }: Answer, method: string, path: string): LocumError {
  const problem = parse(text);
  if (typeof problem === "object" && problem !== null && "detail" in problem && typeof problem.detail === "string") {
    const wayOut = status === 401 ? "; it is what `controlToken` says, or LOCUM_CONTROL_TOKEN" : "";
    return new LocumError(problem.detail + wayOut, { status, ...problem } as Problem);
  }
  const detail = `${method} /_emulator/${path} was answered with ${status}, not by Locum: ${text.slice(0, 200)}`;
  return new LocumError(detail, { status, detail });
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

/** An error of several tries, as for `localhost`, has no message of its own. */
function describe(cause: unknown): string {
  const { message, code } = cause as NodeJS.ErrnoException;
  return message || code || String(cause);
}
