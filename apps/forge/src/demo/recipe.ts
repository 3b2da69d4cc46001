import type { RunRequest } from '@agent-forge/contracts';

/** The name of the demo's runs; those that an earlier demo left behind are known by it. */
export const DEMO_NAME = 'demo';

/**
 * The demo's recipe: a trunk on the whole text, two seeds from it on different halves, and their average.
 * @param steps optimiser steps of all trainings together; without it cognate takes its default time
 */
export function demoRecipe(artifactId: string, seed: number, steps?: number): RunRequest {
  return {
    name: DEMO_NAME,
    seed,
    data: [{ name: 'text', artifactId }],
    phases: [
      { phase: 'cognate', params: { seeds: 2, ...(steps === undefined ? {} : { steps }) } },
      { phase: 'evomerge' },
    ],
  };
}
