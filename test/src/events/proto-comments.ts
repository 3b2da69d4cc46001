import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../projects.js';

/** What the .proto files say of messages and fields. */
export interface Comments {
  message(name: string): string;
  field(message: string, field: string): string;
}

const FOLDER = join(ROOT, 'proto/agentforge/v1');

/** Reads the comments that stand before each message and each field; buf's lint sees to it that there are some. */
export function readComments(): Comments {
  const found = new Map<string, string>();
  for (const file of readdirSync(FOLDER)) {
    let comment: string[] = [];
    let message = '';
    for (const line of readFileSync(join(FOLDER, file), 'utf8').split('\n')) {
      const text = line.trim();
      const [, started] = /^message (\w+) \{/.exec(text) ?? [];
      const [, field] = /(\w+) = \d+;$/.exec(text) ?? [];
      if (text.startsWith('//')) comment.push(text.slice(2).trim());
      else {
        if (started) found.set((message = started), comment.join(' '));
        else if (field) found.set(`${message}.${field}`, comment.join(' '));
        comment = [];
      }
    }
  }
  const said = (name: string): string => {
    const comment = found.get(name);
    if (!comment) throw new Error(`proto/ says nothing of ${name}`);
    return comment;
  };
  return { message: said, field: (message, field) => said(`${message}.${field}`) };
}
