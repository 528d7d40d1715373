import { VaultError } from '../../native-host/errors.ts';
import { variable } from '../../native-host/settings.ts';
import type { Cli } from '../cli.ts';

/** The profile a command is about: the named one, else that of the environment. @throws VaultError USAGE without any */
export function userProfile(named: string | undefined, { env }: Pick<Cli, 'env'>): string {
  const profile = named ?? variable(env, 'AWS_PROFILE') ?? variable(env, 'AWS_DEFAULT_PROFILE');
  if (profile !== undefined) return profile;
  throw new VaultError('USAGE', "required argument 'profile' not provided, try --help");
}
