import { runService } from '@agent-forge/runtime';
import { openService } from './start.js';

await runService(() => openService(process.env));
