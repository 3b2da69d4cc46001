export * from './fs-artifact-store.js';
export { materialise, putFolder, writeFolder } from './folder.js';
export { sweepTemporary } from './disk.js';
