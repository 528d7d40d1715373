import { readConfigFile } from '../aws/config-file.ts';
import { type KeyFileKind, plainTextKeys, plainTextProfiles } from '../aws/credentials-file.ts';
import type { VaultAccess } from '../vault-access.ts';
import type { ImportPlace, PlaceContent } from './import-place.ts';

/** The files in which the AWS CLI keeps keys in plain text. */
export async function plainTextPlaces({ settings }: VaultAccess): Promise<ImportPlace[]> {
  const { credentialsFile, configFile } = settings;
  // One file may be both.
  const files = new Map<string, KeyFileKind>([
    [configFile, 'config'],
    [credentialsFile, 'credentials'],
  ]);
  return [...files].reverse().map(([file, kind]) => ({
    source: 'credentials',
    title: file,
    plainText: { file, kind },
    open: async (_passphrase, use) => {
      // Its own reader says what is wrong with a config file; of a credentials file nothing else is read.
      if (kind === 'config') await readConfigFile(file);
      return use(contentOf(file, kind));
    },
  }));
}

function contentOf(file: string, kind: KeyFileKind): PlaceContent {
  const found = plainTextKeys(file, kind);
  const whole = new Set(found.map(({ profile }) => profile));
  const halves = kind === 'config' ? [] : plainTextProfiles(file).filter((name) => !whole.has(name));
  return {
    keys: found
      .filter(({ isTemporary }) => !isTemporary)
      .map(({ profile, key, region }) => ({
        profile,
        read: async () => key,
        section: region === undefined ? {} : { region },
      })),
    skipped: [
      ...found
        .filter(({ isTemporary }) => isTemporary)
        .map(({ profile: name }) => ({
          name,
          reason: 'it is a temporary key with a session token, which ends by itself',
        })),
      ...halves.map((name) => ({ name, reason: 'it has no aws_secret_access_key' })),
    ],
  };
}
