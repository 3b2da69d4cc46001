import { Catch, Controller, UseFilters, type RpcExceptionFilter } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import type { Settlement } from '@agent-forge/nats';
import { JetStreamContext } from '@agent-forge/nats/nestjs';
import { PhaseHandler, type TriggerEvent } from '../phase-handler.js';

/** Hands errors to the transport as they are; without it NestJS would replace each by "Internal server error". */
@Catch()
export class PassErrors implements RpcExceptionFilter {
  catch(exception: unknown): Observable<never> {
    return throwError(() => exception);
  }
}

/** The events that start a phase: the request when it is the first of the recipe, the completion of the one before, or the owner's word. */
@Controller()
@UseFilters(PassErrors)
export class PhaseController {
  constructor(private readonly handler: PhaseHandler) {}

  @EventPattern<string>('run.requested')
  requested(@Payload() event: TriggerEvent, @Ctx() context: JetStreamContext): Promise<Settlement> {
    return this.handler.handle(event, context);
  }

  @EventPattern<string>('phase.completed')
  completed(@Payload() event: TriggerEvent, @Ctx() context: JetStreamContext): Promise<Settlement> {
    return this.handler.handle(event, context);
  }

  /** The phase may have been given back when the run was paused. */
  @EventPattern<string>('run.resumed')
  resumed(@Payload() event: TriggerEvent, @Ctx() context: JetStreamContext): Promise<Settlement> {
    return this.handler.handle(event, context);
  }

  @EventPattern<string>('run.retried')
  retried(@Payload() event: TriggerEvent, @Ctx() context: JetStreamContext): Promise<Settlement> {
    return this.handler.handle(event, context);
  }
}
