import type { ProfileSummary } from '../native-host/protocol.ts';

const nameOrder = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/**
 * In the order people look names up: numbers in them by value, so that `team-9` stands before `team-10`. For the background: the
 * popup's first paint would wait for it.
 */
export function byName(profiles: readonly ProfileSummary[]): readonly ProfileSummary[] {
  return profiles.toSorted((a, b) => nameOrder.compare(a.name, b.name));
}
