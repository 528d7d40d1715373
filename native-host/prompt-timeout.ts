import { parseGoDuration } from './duration.ts';
import { VaultError } from './errors.ts';

export const DEFAULT_PROMPT_TIMEOUT = '5m';

const MAX_SECONDS = 24 * 3600;
const SETTING = '--prompt-timeout (KEYTURN_PROMPT_TIMEOUT)';

/**
 * How long a question for a code or a passphrase waits for its answer, in milliseconds: from 1 s to 24 h.
 * @throws VaultError CONFIG_INVALID
 */
export function promptTimeoutMs(text: string = DEFAULT_PROMPT_TIMEOUT): number {
  const seconds = parseGoDuration(text, SETTING);
  if (seconds >= 1 && seconds <= MAX_SECONDS) return Math.floor(seconds * 1000);
  throw new VaultError('CONFIG_INVALID', `${SETTING} must be between 1s and 24h, not ${JSON.stringify(text)}`);
}
