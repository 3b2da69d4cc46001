import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { FIRST_TENANT, type AuditEntry, type AuditLog, type AuditPage, type Caller } from '@agent-forge/contracts';
import { CallerOf } from '@agent-forge/runtime';
import { ApiAnswer } from '../docs/decorators.js';
import { AUDIT_LOG } from '../tokens.js';
import { AuditQueryDto } from './audit-query.dto.js';

/** The audit log, for reading only: it is written by what happens. */
@ApiTags('audit')
@Controller('v1/audit')
export class AuditController {
  constructor(@Inject(AUDIT_LOG) private readonly log: AuditLog) {}

  @Get()
  @ApiAnswer(200, 'AuditPage', {
    summary:
      'Records of the audit log, oldest first: events of the own tenant in full, of others the digest, so that all can check the chain.',
    errors: ['INVALID_ARGUMENT', 'BROKER_UNAVAILABLE'],
  })
  async list(@Query() { limit, after }: AuditQueryDto, @CallerOf() caller: Caller): Promise<AuditPage> {
    const records = await this.log.read(after, limit);
    const shown = records.map((record) => ({ ...record, entries: record.entries.map((e) => entryFor(caller, e)) }));
    return records.length < limit ? { records: shown } : { records: shown, next: records.at(-1)!.sequence };
  }
}

/** Events that are nobody's are for whoever runs the installation. */
function entryFor({ tenant }: Caller, { digest, event }: AuditEntry): AuditEntry {
  return event !== undefined && (event.tenant ?? FIRST_TENANT) === tenant ? { digest, event } : { digest };
}
