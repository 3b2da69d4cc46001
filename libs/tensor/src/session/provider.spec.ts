import { listSupportedBackends } from 'onnxruntime-node';
import { describe, expect, test } from '@jest/globals';
import { caught } from '../testing/describe-op.js';
import { Graph } from '../ir/graph.js';
import { exp } from '../ops/exp.js';
import { PROVIDERS, executionProviders, parseProvider } from './provider.js';
import { Session } from './session.js';

describe('parseProvider', () => {
  test.each(PROVIDERS)('takes %s', (name) => {
    expect(parseProvider(name)).toBe(name);
  });

  test.each(['gpu', 'CPU', '', 'cuda '])('refuses %j and says what there is', (name) => {
    expect(caught(() => parseProvider(name))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `unknown provider ${JSON.stringify(name)}; use one of cpu, webgpu, cuda`,
    });
  });
});

test('cpu is always there and stands behind every other provider', () => {
  expect(executionProviders('cpu')).toEqual(['cpu']);
  expect(executionProviders('webgpu')).toEqual(['webgpu', 'cpu']);
});

test('cuda either runs or says what to install, before or when the session starts', async () => {
  const graph = new Graph();
  const x = graph.floatInput('x', [1]);
  const outcome = await Session.of(graph, { y: exp(x) }, { provider: 'cuda' }).catch((error: unknown) => error);
  if (outcome instanceof Session) return outcome.release();
  expect(outcome).toMatchObject({
    code: 'PROVIDER_MISSING',
    message: expect.stringMatching(/^the cuda provider is not available here: .*NVIDIA driver.*cuDNN.*install\.js/),
  });
  expect((outcome as Error).message).not.toContain('\n');
});

test('the list of providers is the one that this build of onnxruntime brings', () => {
  expect(listSupportedBackends().map((b: { name: string }) => b.name)).toEqual(
    expect.arrayContaining(['cpu', 'webgpu']),
  );
});
