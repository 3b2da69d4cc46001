import type { PrincipalView } from '@agent-forge/contracts';
import { scopesOf, type Principal } from '../identities/principal.js';

/** What admins see of a user or a client: nothing of its password or secrets. */
export function principalView(principal: Principal): PrincipalView {
  const { id, tenant, role, isDisabled, createdAt, createdBy } = principal;
  return { id, tenant, role, scopes: scopesOf(principal), isDisabled, createdAt, createdBy };
}
