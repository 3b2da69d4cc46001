export * from './fs-artifact-store.js';
export * from './folder.js';
export * from './names.js';
export { attempt, sweepTemporary } from './disk.js';
