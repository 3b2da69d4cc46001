import { isId } from '@agent-forge/contracts';
import type { EnvReader } from '../env.js';
import { assertSafeUrl, parseRoles, type OutsideIssuer } from './outside-issuer.js';

/** Reads which outside issuer is trusted; undefined when none is. The caller asks the reader for its verdict. */
export function readOutsideIssuer(reader: EnvReader): OutsideIssuer | undefined {
  const issuer = reader.text('FORGE_OIDC_ISSUER');
  if (issuer === undefined) return undefined;
  if (!isSafeUrl(issuer)) reader.refuse(`FORGE_OIDC_ISSUER=${issuer} must be an https URL`);
  const audience = reader.required('FORGE_OIDC_AUDIENCE', 'how the issuer calls this installation');
  const mapping = reader.required('FORGE_OIDC_ROLES', 'for example forge-admins=admin,developers=builder');
  const roles = parseRoles(mapping);
  if (roles === undefined && mapping !== '')
    reader.refuse(`FORGE_OIDC_ROLES=${mapping} must be value=role, with commas between, and roles that there are`);
  const tenant = reader.text('FORGE_OIDC_TENANT') ?? 'main';
  if (!isId(tenant)) reader.refuse(`FORGE_OIDC_TENANT=${tenant} must be 1 to 40 characters of a-z and 0-9`);
  return {
    issuer,
    audience,
    roleClaim: reader.text('FORGE_OIDC_ROLE_CLAIM') ?? 'roles',
    roles: roles ?? {},
    tenantClaim: reader.text('FORGE_OIDC_TENANT_CLAIM'),
    tenant,
  };
}

function isSafeUrl(text: string): boolean {
  try {
    return assertSafeUrl(text) !== undefined;
  } catch {
    return false;
  }
}
