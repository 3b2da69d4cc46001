import { makeLogger, runService } from '@agent-forge/runtime';
import { readAuthConfig } from './config.js';
import { startAuth } from './start.js';

await runService(async () => {
  const config = readAuthConfig(process.env);
  const logger = makeLogger('auth', config);
  return { logger, ...(await startAuth(config, logger)) };
});
