import { adas } from '@agent-forge/phases';
import { servePhase } from '@agent-forge/runtime';

await servePhase(adas);
