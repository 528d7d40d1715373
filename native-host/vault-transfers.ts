import type { VaultError } from './errors.ts';
import type { ImportRequest, PlainTextLeft } from './operations/import-keys.ts';
import type { ImportPlace, ImportSource } from './operations/import-place.ts';
import type { Backup, BackupRequest, MigrateRequest, MoveResult, RestoreRequest } from './operations/move-keys.ts';
import type { VaultAccess } from './vault-access.ts';

export type { ImportedKey, ImportRequest } from './operations/import-keys.ts';
export type { ImportPlace, ImportSource } from './operations/import-place.ts';

/** Many keys at once on their way into another vault: to another backend, to a backup and back, and from other programs. */
export class VaultTransfers {
  private readonly access: VaultAccess;

  constructor(access: VaultAccess) {
    this.access = access;
  }

  /** Copies stored keys to another backend. @throws VaultError USAGE, KEYRING_*; what was copied by then stays */
  async migrate(request: MigrateRequest): Promise<MoveResult> {
    const { migrate } = await import('./operations/move-keys.ts');
    return migrate(this.access, request);
  }

  /** All stored keys as the text of a backup. @throws VaultError KEYRING_* */
  async backup(request: BackupRequest): Promise<Backup> {
    const { backup } = await import('./operations/move-keys.ts');
    return backup(this.access, request);
  }

  /** Puts the keys of a backup's text into the vault. @throws VaultError KEYRING_LOCKED (wrong passphrase), KEYRING_CORRUPT */
  async restore(request: RestoreRequest): Promise<MoveResult> {
    const { restore } = await import('./operations/move-keys.ts');
    return restore(this.access, request);
  }

  /** The places where keys of other programs may lie; none is opened yet. */
  async importPlaces(from: ImportSource | undefined): Promise<readonly ImportPlace[]> {
    const { importPlaces } = await import('./operations/import-sources.ts');
    return importPlaces(this.access, from);
  }

  /** Copies the keys of such a place to the vault in use. Answers why it could not be read. @throws VaultError as importKeys does */
  async importKeys(place: ImportPlace, request: ImportRequest): Promise<VaultError | undefined> {
    const { importKeys } = await import('./operations/import-keys.ts');
    return importKeys(this.access, place, request);
  }

  /** Takes keys that the vault has out of a file that holds them in plain text. @throws VaultError CONFIG_INVALID, KEYRING_* */
  async removePlainText(
    left: PlainTextLeft,
    profiles: readonly string[],
  ): Promise<{ readonly removed: readonly string[]; readonly backup: string } | undefined> {
    const { removePlainText } = await import('./operations/import-keys.ts');
    return removePlainText(this.access, left, profiles);
  }
}
