import { readFile } from 'node:fs/promises';

/** Whether a delivery is real and new. */
export type IsGenuine = (secret: string, headers: object, body: Uint8Array) => boolean;

/** The example of docs/guides/webhooks.md, as a reader would run it. */
export async function guideExample(): Promise<IsGenuine> {
  const text = await readFile(new URL('../../../../docs/guides/webhooks.md', import.meta.url), 'utf8');
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(text) ?? [];
  return ((await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { isGenuine: IsGenuine }).isGenuine;
}
