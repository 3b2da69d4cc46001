export * from './conformance.js';
export * from './report.js';
export type { ApiDescription } from './document.js';
export { routesOf } from './document.js';
