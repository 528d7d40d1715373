import type { VaultAccess } from '../vault-access.ts';
import { IMPORT_SOURCES, type ImportPlace, type ImportSource } from './import-place.ts';

/** The places to look in, without opening any of them. */
export async function importPlaces(access: VaultAccess, from: ImportSource | undefined): Promise<ImportPlace[]> {
  const sources = from === undefined ? IMPORT_SOURCES : [from];
  const places = await Promise.all(sources.map((source) => FINDERS[source](access)));
  return places.flat();
}

const FINDERS: { readonly [S in ImportSource]: (access: VaultAccess) => Promise<ImportPlace[]> } = {
  'aws-vault': async (access) => (await import('./import-aws-vault.ts')).awsVaultPlaces(access),
  credentials: async (access) => (await import('./import-credentials.ts')).plainTextPlaces(access),
  granted: async (access) => (await import('./import-granted.ts')).grantedPlaces(access),
  leapp: async (access) => (await import('./import-leapp.ts')).leappPlaces(access),
};
