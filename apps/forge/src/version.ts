import { readFileSync } from 'node:fs';

/** The version of this code, as the root package.json says. */
export function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return text;
}
