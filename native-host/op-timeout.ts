import { parseGoDuration } from './duration.ts';
import { VaultError } from './errors.ts';

export const DEFAULT_OP_TIMEOUT = '15s';

const SETTING = '--op-timeout (AWS_VAULT_OP_TIMEOUT)';

/**
 * How long 1Password may take for one answer, in milliseconds: from 1 s to 1 h.
 * @throws VaultError CONFIG_INVALID
 */
export function opTimeoutMs(text: string = DEFAULT_OP_TIMEOUT): number {
  const seconds = parseGoDuration(text, SETTING);
  if (seconds >= 1 && seconds <= 3600) return Math.floor(seconds * 1000);
  throw new VaultError('CONFIG_INVALID', `${SETTING} must be between 1s and 1h, not ${JSON.stringify(text)}`);
}
