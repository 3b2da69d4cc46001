import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AuditEntry, AuditLog, AuditPage, Caller } from '@agent-forge/contracts';
import { CallerOf } from '../auth/token.guard.js';
import { ApiAnswer } from '../docs/decorators.js';
import { AUDIT_LOG } from '../tokens.js';
import { AuditQueryDto } from './audit-query.dto.js';

/** The tenant that the first start makes: whoever runs the installation, and so sees events that are nobody's. */
const FIRST_TENANT = 'main';

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

function entryFor({ tenant }: Caller, { digest, event }: AuditEntry): AuditEntry {
  return event !== undefined && (event.tenant ?? FIRST_TENANT) === tenant ? { digest, event } : { digest };
}
