export { createLocum, Locum, LocumError, Space } from "./index.js";
export type * from "./index.js";
