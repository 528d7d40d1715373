import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Credentials } from '../aws/credentials.ts';
import { VaultError } from '../errors.ts';
import { openLibsecret, type SecretReader } from '../keyring/libsecret.ts';
import type { VaultAccess } from '../vault-access.ts';
import type { FoundKey, ImportPlace, Unusable } from './import-place.ts';
import { decryptWorkspace, type LeappUser, leappUsers } from './leapp-workspace.ts';

/** The service under which Leapp's library (keytar) puts its secrets. */
const SERVICE = 'Leapp';

/** The IAM users of Leapp: their names in its workspace file, their keys in the Secret Service. */
export async function leappPlaces(access: VaultAccess): Promise<ImportPlace[]> {
  const file = join(access.settings.homeDir, '.Leapp', 'Leapp-lock.json');
  return [
    {
      source: 'leapp',
      title: `Leapp, ${JSON.stringify(file)}`,
      open: async (_passphrase, use) => {
        const users = leappUsers(decryptWorkspace(readWorkspace(file), file));
        if (users.length === 0) return use({ keys: [], skipped: [] });
        if (process.platform !== 'linux') throw notHere();
        const secrets = await openLibsecret({ env: access.env, signal: access.signal });
        try {
          const keys = users.map((user): FoundKey => {
            const { profile, settings: section } = user;
            return { profile, section, read: () => readKey(secrets, user) };
          });
          return await use({ keys, skipped: [] });
        } finally {
          secrets.close();
        }
      },
    },
  ];
}

async function readKey(secrets: SecretReader, { sessionId }: LeappUser): Promise<Credentials | Unusable> {
  const secret = (what: string) =>
    secrets.read({ service: SERVICE, account: `${sessionId}-iam-user-aws-session-${what}` });
  const accessKeyId = await secret('access-key-id');
  const secretAccessKey = await secret('secret-access-key');
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  return { reason: 'the Secret Service does not hold its key; where Leapp kept it elsewhere, add it with keyturn add' };
}

function readWorkspace(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reason = code === 'ENOENT' ? `there is no ${file}` : `${file} cannot be read (${String(code)})`;
    const message =
      code === 'ENOENT' ? `Leapp has not been used here: ${reason}` : `${reason}; check its owner and mode`;
    throw new VaultError(code === 'ENOENT' ? 'KEYRING_UNAVAILABLE' : 'KEYRING_DENIED', message, {
      details: { file },
      cause: error,
    });
  }
}

function notHere(): VaultError {
  const message =
    "Leapp's keys can be read on Linux only; copy them out of Leapp and store them with 'keyturn add PROFILE'";
  return new VaultError('KEYRING_UNAVAILABLE', message);
}
