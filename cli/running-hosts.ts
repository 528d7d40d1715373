import { VaultError } from '../native-host/errors.ts';
import { socketPlace } from '../native-host/user-socket-place.ts';
import type { Cli } from './cli.ts';

/** Whether a browser's host listens, or has listened, for terminals of this user. */
export function hasRunningHost({ settings, env }: Pick<Cli, 'settings' | 'env'>): boolean {
  try {
    return socketPlace({ stateDir: settings.stateDir, env }).list().length > 0;
  } catch (error) {
    // Why not is said by whoever goes on to talk to it.
    if (error instanceof VaultError) return false;
    throw error;
  }
}
