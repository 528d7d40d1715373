import { realpathSync } from 'node:fs';
import { backendTitle, durableBackends, type KeyringOptions } from '../keyring/open.ts';
import { readSettings, type Settings } from '../settings.ts';
import type { VaultAccess } from '../vault-access.ts';
import { keysOfItems } from './import-items.ts';
import type { ImportPlace } from './import-place.ts';

type Where = Pick<Settings, 'fileDir' | 'passDir' | 'passCmd' | 'passPrefix' | 'secretServiceCollection'>;

/**
 * aws-vault's vaults: each backend where aws-vault itself would look for it, by its variables or its defaults. Flags and the
 * settings file say where the vault in use is, of which aws-vault knows nothing.
 * @throws VaultError KEYRING_*, CONFIG_INVALID of the vault in use
 */
export async function awsVaultPlaces(access: VaultAccess): Promise<ImportPlace[]> {
  const { settings, env } = access;
  const wheres: Where[] = [settings, readSettings(env, settings.homeDir), readSettings({}, settings.homeDir)];
  // Where that one does not open there is nothing to copy to, and this says so.
  const inUse = placeId(await access.withKeyring(async ({ backend }) => backend), settings, env);
  const places = new Map<string, ImportPlace>();
  for (const backend of durableBackends()) {
    for (const where of wheres) {
      const id = placeId(backend, where, env);
      if (!places.has(id)) places.set(id, placeOf(access, { backend, where, isInUse: id === inUse }));
    }
  }
  return [...places.values()];
}

type Found = { readonly backend: string; readonly where: Where; readonly isInUse: boolean };

function placeOf(access: VaultAccess, { backend, where, isInUse }: Found): ImportPlace {
  const { fileDir, passDir, passCmd, passPrefix, secretServiceCollection } = where;
  const options = { fileDir, passDir, passCmd, passPrefix, secretServiceCollection };
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

function placeId(backend: string, where: Where, env: VaultAccess['env']): string {
  const passStore = where.passDir ?? (env.PASSWORD_STORE_DIR || '~/.password-store');
  const parts: Readonly<Record<string, string>> = {
    file: real(where.fileDir),
    pass: `${real(passStore)} ${where.passPrefix}`,
    'secret-service': where.secretServiceCollection,
  };
  return `${backend}: ${parts[backend] ?? ''}`;
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // It is not there; another spelling of it is not either.
    return path.replace(/\/+$/, '');
  }
}
