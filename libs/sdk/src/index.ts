/* The door for Node.js: all of the browsers' door, and what works with files of this machine. */
export * from './browser.js';
export * from './node/upload-dataset-files.js';
export * from './node/upload-model.js';
export * from './node/download-artifact.js';
