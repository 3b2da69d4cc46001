import type { Phase } from '@agent-forge/phases';
import { servePhase } from '../serve-phase.js';

const { phase } = (await import(`./${process.argv[3] ?? 'hash'}-phase.js?name=${process.argv[2]}`)) as { phase: Phase };
await servePhase(phase);
