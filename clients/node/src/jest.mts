export { locum } from "./jest.js";
