import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyringOptions } from '../keyring/backends.ts';
import { backendTitle, durableBackends } from '../keyring/open.ts';
import { placeWithin, type VaultPlace, vaultPlace } from '../keyring/vault-place.ts';
import { readSettings } from '../settings.ts';
import type { VaultAccess } from '../vault-access.ts';
import { keysOfItems } from './import-items.ts';
import type { ImportPlace } from './import-place.ts';

/**
 * aws-vault's vaults: each backend where aws-vault itself would look for it, by its variables or its defaults. Flags and the
 * settings file say where the vault in use is, of which aws-vault knows nothing.
 * @throws VaultError KEYRING_*, CONFIG_INVALID of the vault in use
 */
export async function awsVaultPlaces(access: VaultAccess): Promise<ImportPlace[]> {
  const { settings, env } = access;
  const wheres: VaultPlace[] = [settings, readSettings(env, settings.homeDir), readSettings({}, settings.homeDir)];
  // Where that one does not open there is nothing to copy to, and this says so.
  const inUse = placeId(await access.withKeyring(async ({ backend }) => backend), settings, env);
  const places = new Map<string, ImportPlace>();
  for (const backend of durableBackends()) {
    for (const where of wheres.filter((each) => isNamed(backend, each, access))) {
      const id = placeId(backend, where, env);
      if (!places.has(id)) places.set(id, placeOf(access, { backend, where, isInUse: id === inUse }));
    }
  }
  return [...places.values()];
}

/** Whether somebody has said where this one is, for those that have to be named; nobody else's output is to be about them. */
function isNamed(backend: string, where: VaultPlace, { env, settings }: VaultAccess): boolean {
  if (backend === 'op') return Boolean(where.opVaultId ?? env.OP_VAULT_ID);
  if (backend !== 'passage') return true;
  const { passDir: dir } = where;
  return existsSync(dir ?? (env.PASSAGE_DIR || join(settings.homeDir, '.passage', 'store')));
}

type Found = { readonly backend: string; readonly where: VaultPlace; readonly isInUse: boolean };

function placeOf(access: VaultAccess, { backend, where, isInUse }: Found): ImportPlace {
  const options = vaultPlace(where);
  return {
    source: 'aws-vault',
    title: `aws-vault, ${backendTitle(backend, options)}`,
    isInUse,
    open: (passphrase, use) => {
      const given = passphrase === undefined ? {} : { passphrase: () => passphrase };
      const place: Partial<KeyringOptions> = { ...options, ...given };
      return access.withBackend(backend, async (keyring) => use(await keysOfItems(keyring, undefined)), place);
    },
  };
}

function placeId(backend: string, where: VaultPlace, env: VaultAccess['env']): string {
  // The same directory under another spelling is the same vault.
  const passDir = real(where.passDir ?? (STORES[backend]?.(env) || ''));
  return `${backend}: ${placeWithin(backend, { ...where, fileDir: real(where.fileDir), passDir })}`;
}

/** Where a program's own variable, or its default, says that its store is. */
const STORES: Readonly<Record<string, (env: VaultAccess['env']) => string>> = {
  pass: (env) => env.PASSWORD_STORE_DIR || '~/.password-store',
  passage: (env) => env.PASSAGE_DIR || '~/.passage/store',
};

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It is not there; another spelling of it is not either.
    return path.replace(/\/+$/, '');
  }
}
