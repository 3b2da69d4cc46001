import { verifyAuditChain, type AuditHead, type AuditVerdict } from '@agent-forge/contracts';
import type { Connection } from '../http/connection.js';
import { listAudit } from './list-audit.js';

/**
 * Reads the whole audit log and checks its chain here, so that nothing but the hashes is believed.
 * @param known the head of an earlier check, by which a chain that was cut off or written anew is found
 * @throws ForgeError those of every request
 */
export function verifyAudit(connection: Connection, known?: AuditHead): Promise<AuditVerdict> {
  return verifyAuditChain(listAudit(connection), known);
}
