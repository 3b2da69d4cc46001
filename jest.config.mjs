/** Tests run on the compiled files, the very ones that ship (docs/adr/0002): no transform, and workers start as in production. */
export default {
  testEnvironment: '<rootDir>/tools/jest-environment.cjs',
  roots: ['<rootDir>/libs', '<rootDir>/apps', '<rootDir>/test'],
  testMatch: ['**/dist/**/*.spec.js'],
  modulePathIgnorePatterns: ['<rootDir>/.nx', '<rootDir>/.cache'],
  transform: {},
  maxWorkers: 2,
  // Modules of a finished file are never freed (V8 keeps vm contexts that linked modules), so workers are replaced.
  workerIdleMemoryLimit: '1GB',
  testTimeout: 120_000,
};
