import { ERROR_CATALOG } from '@agent-forge/contracts';

const HEAD = `# Errors

Every error has a stable code. On the command line it stands in brackets behind one line that says what is wrong and what to do; over HTTP it is the
\`code\` of an RFC 9457 problem document. Codes are added, never renamed or reused.

- \`permanent\`: the same call fails again.
- \`transient\`: the same call may succeed later.
- \`conflict\`: somebody else was first; read the state again before another try.

Made by \`node tools/generate.mjs\` from \`libs/contracts/src/errors.ts\`; a test says when it is stale.

| code | HTTP status | retry | meaning |
| --- | --- | --- | --- |
`;

/** The page docs/reference/errors.md, out of the catalog. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_CATALOG).map(
    ([code, { httpStatus, retry, meaning }]) => `| \`${code}\` | ${httpStatus} | ${retry} | ${meaning} |`,
  );
  return `${HEAD}${rows.join('\n')}\n`;
}
