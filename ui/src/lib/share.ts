type Fields = Record<string, unknown>;

/**
 * The newer of two values of one shape, in which everything that did not change is the very object
 * of the older one. A view comes as a whole, and what compares by identity sees what is new in it.
 *
 * Things in lists are found by their `id`, for a list that lost its first one moved all others.
 */
export function share<T>(older: unknown, newer: T): T;
export function share(older: unknown, newer: unknown): unknown {
  if (older === newer) return older;
  if (Array.isArray(newer)) return Array.isArray(older) ? shareList(older, newer) : newer;
  if (isFields(older) && isFields(newer)) return shareFields(older, newer);
  return newer;
}

function shareList(older: readonly unknown[], newer: readonly unknown[]): readonly unknown[] {
  const byId = new Map<unknown, unknown>();
  for (const one of older) if (isFields(one) && 'id' in one) byId.set(one['id'], one);
  const shared = newer.map((one, at) =>
    share(isFields(one) && 'id' in one ? byId.get(one['id']) : older[at], one),
  );
  const same = older.length === shared.length && shared.every((one, at) => one === older[at]);
  return same ? older : shared;
}

function shareFields(older: Fields, newer: Fields): Fields {
  const names = Object.keys(newer);
  let same = names.length === Object.keys(older).length;
  const shared: Fields = {};
  for (const name of names) {
    shared[name] = share(older[name], newer[name]);
    same &&= name in older && shared[name] === older[name];
  }
  return same ? older : shared;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
