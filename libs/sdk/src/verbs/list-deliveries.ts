import type { DeliveryList, DeliveryView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/** What became of the events of a webhook, newest first, fetched page by page as they are read. @throws ForgeError NOT_FOUND, and those of every request */
export async function* listDeliveries(
  connection: Connection,
  webhook: string,
  pageSize?: number,
): AsyncGenerator<DeliveryView> {
  let after: string | undefined;
  do {
    const path = `/v1/webhooks/${encodeURIComponent(webhook)}/deliveries`;
    const page: DeliveryList = await sendForJson(connection, { path, query: { limit: pageSize, after } });
    yield* page.deliveries;
    after = page.next;
  } while (after !== undefined);
}
