/** Tests run on the compiled files, the very ones that ship (docs/adr/0002): no transform, and workers start as in production. */
export default {
  testEnvironment: '<rootDir>/tools/jest-environment.cjs',
  roots: ['<rootDir>/libs', '<rootDir>/apps', '<rootDir>/test'],
  testMatch: ['**/dist/**/*.spec.js'],
  modulePathIgnorePatterns: ['<rootDir>/.nx', '<rootDir>/.cache'],
  transform: {},
  maxWorkers: 2,
  testTimeout: 120_000,
};
