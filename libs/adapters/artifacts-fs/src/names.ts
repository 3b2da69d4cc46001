import { ForgeError, isDigest } from '@agent-forge/contracts';

/** Digests come from outside and become paths and subjects: nothing else gets through. @throws ForgeError ARTIFACT_NOT_FOUND */
export function assertDigest(value: string): string {
  if (isDigest(value)) return value;
  throw new ForgeError('ARTIFACT_NOT_FOUND', 'an artifact or file is named by 64 hexadecimal digits');
}

/** What a store says of an artifact that it does not have. */
export function noArtifact(id: string): ForgeError {
  return new ForgeError('ARTIFACT_NOT_FOUND', `there is no artifact ${id} in the store`);
}

/** What a store says of a file that it does not have. @param what it is asked for */
export function noFile(digest: string, what?: string): ForgeError {
  return new ForgeError('ARTIFACT_NOT_FOUND', `there is no file ${digest}${what ? ` (${what})` : ''} in the store`);
}
