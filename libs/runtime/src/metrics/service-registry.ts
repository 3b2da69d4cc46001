import { collectDefaultMetrics, Registry } from 'prom-client';

/** Metrics of one service of this process: memory, processor time, event-loop delay; a service adds its own. All carry its name as `service`. */
export function serviceRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}
