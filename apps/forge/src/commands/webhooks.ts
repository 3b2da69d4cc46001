import { Command, Option } from 'commander';
import {
  printable,
  WEBHOOK_EVENTS,
  type DeliveryView,
  type WebhookEvent,
  type WebhookView,
} from '@agent-forge/contracts';
import { createWebhook, listDeliveries, listWebhooks, redeliver, removeWebhook } from '@agent-forge/sdk';
import { integerOption } from '../options.js';
import { connectClient, withClientOptions, type ClientOptions } from '../system/client.js';
import { columns } from '../terminal/columns.js';

type Json = ClientOptions & { readonly json?: true };

/** `forge webhooks` */
export function webhooksCommand(): Command {
  const list = verb('list', 'all webhooks, oldest first', 'forge webhooks list').action(showAll);
  const add = verb(
    'add',
    'send events to a URL; prints the secret, this once',
    'forge webhooks add https://example.com/forge --event run.completed run.failed',
  )
    .argument('<url>', 'an https URL of a public address')
    .addOption(new Option('--event <names...>', 'what to send (default: all)').choices(WEBHOOK_EVENTS))
    .action(addOne);
  const remove = verb('remove', 'end a webhook', 'forge webhooks remove 01m83vgeqcs4pmhnmv2mr4r1wq')
    .argument('<webhook>', 'its id')
    .action(removeOne);
  const deliveries = verb(
    'deliveries',
    'what became of the events, newest first',
    'forge webhooks deliveries 01m83vgeqcs4pmhnmv2mr4r1wq',
  )
    .argument('<webhook>', 'its id')
    .option('--limit <n>', 'deliveries at most', integerOption(1), 20)
    .action(showDeliveries);
  const again = verb(
    'redeliver',
    'deliver an event once more',
    'forge webhooks redeliver 01m83vgeqcs4pmhnmv2mr4r1wq d000000000042',
  )
    .argument('<webhook>', 'its id')
    .argument('<delivery>', 'the id of the delivery')
    .action(redeliverOne);
  const command = new Command('webhooks').description('webhooks of a running system');
  return [list, add, remove, deliveries, again].reduce((all, each) => all.addCommand(each), command);
}

function verb(name: string, description: string, example: string): Command {
  return withClientOptions(new Command(name).description(description))
    .option('--json', 'print JSON on stdout')
    .addHelpText('after', `\nExample:\n  ${example}`);
}

async function showAll({ json, ...client }: Json): Promise<void> {
  const webhooks = await listWebhooks(await connectClient(client));
  print(json, { webhooks }, columns([['webhook', 'made', 'events', 'url'], ...webhooks.map(rowOf)]));
}

async function addOne(url: string, { event, json, ...client }: Json & { event?: WebhookEvent[] }): Promise<void> {
  const request = { url, ...(event === undefined ? {} : { events: event }) };
  const made = await createWebhook(await connectClient(client), request);
  print(json, made, `webhook ${made.id}\nsecret  ${made.secret}\n`);
}

async function removeOne(webhook: string, { json, ...client }: Json): Promise<void> {
  await removeWebhook(await connectClient(client), webhook);
  print(json, { id: webhook }, `webhook ${printable(webhook)} is gone\n`);
}

async function showDeliveries(webhook: string, { limit, json, ...client }: Json & { limit: number }): Promise<void> {
  const connection = await connectClient(client);
  const deliveries: DeliveryView[] = [];
  for await (const delivery of listDeliveries(connection, webhook)) {
    deliveries.push(delivery);
    if (deliveries.length === limit) break;
  }
  const rows = deliveries.map(deliveryRow);
  print(
    json,
    { deliveries },
    columns([['delivery', 'event', 'run', 'status', 'attempts', 'next', 'last problem'], ...rows]),
  );
}

async function redeliverOne(webhook: string, delivery: string, { json, ...client }: Json): Promise<void> {
  const view = await redeliver(await connectClient(client), webhook, delivery);
  print(json, view, `delivery ${view.id} is ${view.status}\n`);
}

function rowOf({ id, createdAt, events, url }: WebhookView): string[] {
  const which = events.length === WEBHOOK_EVENTS.length ? 'all' : events.join(' ');
  return [id, createdAt, which, printable(url)];
}

function deliveryRow({ id, event, run, status, attempts, nextAttemptAt = '-' }: DeliveryView): string[] {
  return [id, event, run, status, String(attempts.length), nextAttemptAt, attempts.at(-1)?.problem ?? '-'];
}

function print(json: true | undefined, value: object, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(value)}\n` : text);
}
