import { VaultError } from '../native-host/errors.ts';
import { variable } from '../native-host/settings.ts';
import type { Cli } from './cli.ts';

const VALUES: Readonly<Record<string, boolean>> = {
  ...{ '1': true, t: true, T: true, true: true, TRUE: true, True: true },
  ...{ '0': false, f: false, F: false, false: false, FALSE: false, False: false },
};

/**
 * A variable that turns a flag on, in the spellings aws-vault takes; unset and empty are no.
 * @throws VaultError USAGE naming the variable
 */
export function booleanVariable(env: Cli['env'], name: string): boolean {
  const text = variable(env, name);
  if (text === undefined) return false;
  const value = Object.hasOwn(VALUES, text) ? VALUES[text] : undefined;
  if (value !== undefined) return value;
  throw new VaultError('USAGE', `${name} must be true or false, not ${JSON.stringify(text.slice(0, 40))}`);
}
