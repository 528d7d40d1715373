import { type HardenResult, hardenItems, type HardenRequest as ItemsRequest } from '../keyring/harden.ts';
import type { VaultAccess } from '../vault-access.ts';
import { requireFileVault } from './file-vault.ts';

export type { HardenResult } from '../keyring/harden.ts';

export type HardenRequest = Pick<ItemsRequest, 'isDryRun' | 'onProgress'>;

/**
 * Encrypts every item of the file vault anew that costs an attacker less than it should, and has later ones cost as much.
 * @throws VaultError USAGE (another backend), KEYRING_LOCKED, KEYRING_*; what was done by then stays
 */
export async function harden(access: VaultAccess, request: HardenRequest): Promise<HardenResult> {
  const { signal } = access;
  return hardenItems({ ...(await requireFileVault(access, request)), signal, ...request });
}
