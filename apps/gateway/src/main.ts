import { makeLogger, runService } from '@agent-forge/runtime';
import { readGatewayConfig } from './config.js';
import { startGateway } from './start.js';

await runService(async () => {
  const config = readGatewayConfig(process.env);
  const logger = makeLogger('gateway', config);
  return { logger, ...(await startGateway(config, logger)) };
});
