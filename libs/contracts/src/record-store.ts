/** A record, and which of its versions it is. */
export interface Stored<T> {
  readonly value: T;
  readonly revision: number;
}

/**
 * Small JSON records under keys (ids with dots between them), each changed by compare-and-set, so that any number of replicas may do so at once.
 * Every method throws ForgeError BROKER_UNAVAILABLE, and STORE_UNAVAILABLE when there is no room.
 */
export interface RecordStore {
  get<T>(key: string): Promise<Stored<T> | undefined>;
  /** All whose keys are `<prefix>.<id>`, in the order of their ids. */
  list<T>(prefix: string): Promise<T[]>;
  /** @returns false when there is one already */
  create(key: string, value: object): Promise<boolean>;
  /** @returns false when somebody else changed it since `revision` */
  update(key: string, value: object, revision: number): Promise<boolean>;
  remove(key: string): Promise<void>;
}
