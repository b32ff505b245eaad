export type { Clock } from "./clock.js";
export { LocumError } from "./error.js";
export type { Faults } from "./faults.js";
export { createLocum, Locum } from "./locum.js";
export type { LocumOptions } from "./locum.js";
export type { Atlassian, JetbrainsAccount, LicenseVault, Service } from "./services.js";
export { Space } from "./space.js";
export type { SpaceOptions } from "./space.js";
export type * from "./wire.js";
