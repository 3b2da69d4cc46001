import type { RunRequest } from '@agent-forge/contracts';

/** The name of the demo's runs; those that an earlier demo left behind are known by it. */
export const DEMO_NAME = 'demo';

/** What the quickstart's models learn, by weight in the mix. */
const FAMILIES = {
  ...{ add: 3, max: 1.5, word: 1 },
  ...{ copy: 1.5, rev: 1, rot: 1, 'copy@end': 0.7 },
  ...{ sort: 1.5, next: 1, up: 0.7, tool: 1, 'sort@end': 0.7 },
};

/**
 * The demo's recipe: a trunk, three seeds from it that specialise, and the best merge of them that a search finds.
 * @param text an artifact of running text to learn instead of the task families
 * @param steps optimiser steps of all trainings together; without it cognate takes its time
 */
export function demoRecipe(seed: number, steps?: number, text?: string): RunRequest {
  const trained = steps === undefined ? {} : { steps };
  const size = text === undefined ? {} : { seeds: { first: [], second: [] }, rowLength: 128, rows: 8 };
  return {
    name: DEMO_NAME,
    seed,
    ...(text === undefined ? { families: FAMILIES } : { data: [{ name: 'text', artifactId: text }] }),
    phases: [{ phase: 'cognate', params: { ...size, ...trained } }, { phase: 'evomerge' }],
  };
}
