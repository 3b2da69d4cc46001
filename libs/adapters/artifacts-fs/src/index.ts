export * from './fs-artifact-store.js';
export { sweepTemporary } from './disk.js';
