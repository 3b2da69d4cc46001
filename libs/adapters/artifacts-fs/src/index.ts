export * from './fs-artifact-store.js';
