import { Catch, ServiceUnavailableException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

/** What is down is the answer to `/ready`, in terminus' own form, which orchestrators know; it is no failure of ours. */
@Catch(ServiceUnavailableException)
export class UnreadyFilter implements ExceptionFilter {
  catch(unready: ServiceUnavailableException, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.status(unready.getStatus()).send(unready.getResponse());
  }
}
