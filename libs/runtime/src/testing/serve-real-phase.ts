import { phases } from '@agent-forge/phases';
import { servePhase } from '../serve-phase.js';

await servePhase(phases.find(({ name }) => name === process.argv[2])!);
