import type { Control } from "./control.js";
import type { Fault, FaultRule } from "./wire.js";

/** What is to go wrong in a space. */
export class Faults {
  constructor(
    private readonly control: Control,
    private readonly path: string,
  ) {}

  add(rule: FaultRule): Promise<Fault> {
    return this.control.call("POST", this.path, rule);
  }

  /** In the order in which they are tried, each with its hits. */
  list(): Promise<Fault[]> {
    return this.control.call("GET", this.path);
  }

  async remove(id: string): Promise<void> {
    await this.control.call("DELETE", `${this.path}/${encodeURIComponent(id)}`);
  }

  async clear(): Promise<void> {
    await this.control.call("DELETE", this.path);
  }
}
