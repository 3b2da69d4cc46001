import type { LoggerService } from '@nestjs/common';
import { destination, pino, type Logger } from 'pino';
import type { BaseConfig } from './config.js';

export type { Logger } from 'pino';

/** Log lines as JSON, to standard error or to a file; standard output stays free for results. */
export function makeLogger(service: string, { logLevel, logFile }: Pick<BaseConfig, 'logLevel' | 'logFile'>): Logger {
  // Written at once: the last lines before a crash are the ones that matter.
  const stream = destination({ dest: logFile ?? 2, sync: true, mkdir: true });
  return pino({ level: logLevel, base: { service, pid: process.pid } }, stream);
}

/** Lets NestJS write into our log; what it says of its own start is of interest only when something is looked for. */
export function nestLogger(logger: Logger): LoggerService {
  const line =
    (level: 'debug' | 'warn' | 'error' | 'fatal') =>
    (message: unknown, ...rest: unknown[]) => {
      if (message instanceof Error) logger[level]({ err: message }, message.message);
      else logger[level]({ nest: rest.at(-1) }, String(message));
    };
  return {
    log: line('debug'),
    debug: line('debug'),
    verbose: line('debug'),
    warn: line('warn'),
    error: line('error'),
    fatal: line('fatal'),
  };
}
