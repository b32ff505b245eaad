import type { Control } from "./control.js";
import type { ClockState } from "./wire.js";

/** The clock of a space: expiry, limits and `Date` headers obey it. */
export class Clock {
  constructor(
    private readonly control: Control,
    private readonly path: string,
  ) {}

  async now(): Promise<Date> {
    return new Date((await this.state()).now);
  }

  state(): Promise<ClockState> {
    return this.control.call("GET", this.path);
  }

  /** Stops it, now or at a time. It moves only by `advance` then. */
  freeze(at?: Date | string): Promise<ClockState> {
    return this.set("frozen", at);
  }

  /** Lets it run from a time on. */
  offset(at: Date | string): Promise<ClockState> {
    return this.set("offset", at);
  }

  /** Moves it forward, by `30d` or the like. */
  advance(by: string): Promise<ClockState> {
    return this.control.call("POST", `${this.path}/advance`, { by });
  }

  /** Sets it back to the machine's. */
  reset(): Promise<ClockState> {
    return this.control.call("DELETE", this.path);
  }

  private set(mode: ClockState["mode"], at?: Date | string): Promise<ClockState> {
    const now = at instanceof Date ? at.toISOString() : at;
    return this.control.call("PUT", this.path, { mode, now });
  }
}
