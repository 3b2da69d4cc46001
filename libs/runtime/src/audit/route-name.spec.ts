import { expect, test } from '@jest/globals';
import { routeName } from './route-name.js';

test.each([
  ['/v1/runs', '/v1/runs'],
  ['/v1/runs/:run', '/v1/runs/{run}'],
  ['/v1/runs/:run(^[a-z0-9]+)::cancel', '/v1/runs/{run}:cancel'],
  ['/v1/artifacts/:id/files/*', '/v1/artifacts/{id}/files/{path}'],
  ['', ''],
])('%s is written %s', (route, name) => expect(routeName(route)).toBe(name));
