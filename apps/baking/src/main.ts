import { baking } from '@agent-forge/phases';
import { servePhase } from '@agent-forge/runtime';

await servePhase(baking);
