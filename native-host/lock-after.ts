import { parseGoDuration } from './duration.ts';
import { VaultError } from './errors.ts';

const DEFAULT_LOCK_AFTER = '15m';
/** A week. */
export const LOCK_AFTER_MAX_SECONDS = 7 * 24 * 3600;
const SETTING = '--lock-after (KEYTURN_LOCK_AFTER)';

/**
 * After how many seconds without use an unlocked vault locks itself: from 1 s to 168 h, 15 minutes where nothing is said.
 * @throws VaultError CONFIG_INVALID
 */
export function lockAfterSeconds(text: string = DEFAULT_LOCK_AFTER): number {
  const seconds = Math.floor(parseGoDuration(text, SETTING));
  if (seconds >= 1 && seconds <= LOCK_AFTER_MAX_SECONDS) return seconds;
  throw new VaultError('CONFIG_INVALID', `${SETTING} must be between 1s and 168h, not ${JSON.stringify(text)}`);
}
