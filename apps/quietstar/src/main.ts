import { quietstar } from '@agent-forge/phases';
import { servePhase } from '@agent-forge/runtime';

await servePhase(quietstar);
