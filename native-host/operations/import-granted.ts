import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { VaultError } from '../errors.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { VaultAccess } from '../vault-access.ts';
import { keysOfItems } from './import-items.ts';
import type { ImportPlace } from './import-place.ts';

/** The name under which Granted keeps the keys of IAM users: the collection, the wallet, the folder of a password store. */
const NAME = 'granted-aws-iam-credentials';
const FILE_DIR = 'secure-storage-aws-iam-credentials';

type Closable = Keyring & { close?(): void };
type Keeper = { readonly title: string; readonly open: (passphrase: string | undefined) => Promise<Closable> };

/**
 * Granted's keys of IAM users. It keeps them with the library that aws-vault uses, so the items are the same and lie in the
 * same kinds of places, under another name. Its config file may name one of them.
 */
export async function grantedPlaces(access: VaultAccess): Promise<ImportPlace[]> {
  const dir = grantedDirectory(access);
  if (dir === undefined) return [absent(access)];
  const config = keyringSettings(join(dir, 'config'));
  const chosen = config.get('backend');
  if (chosen === 'keyctl') return [inKernel()];
  return keepers(access, { dir, config })
    .filter(([backend]) => chosen === undefined || chosen === backend)
    .map(([, { title, open }]) => ({
      source: 'granted',
      title: `Granted, ${title}`,
      open: async (passphrase, use) => {
        const keyring = await open(passphrase);
        try {
          return await use(await keysOfItems(keyring, {}));
        } finally {
          keyring.close?.();
        }
      },
    }));
}

type GrantedConfig = { readonly dir: string; readonly config: ReadonlyMap<string, string> };

function keepers(access: VaultAccess, { dir, config }: GrantedConfig): (readonly [string, Keeper])[] {
  const { settings, env, locks } = access;
  const { signal } = access;
  const collection = config.get('libsecretcollectionname') ?? NAME;
  const fileDir = config.get('filedir') ?? join(dir, FILE_DIR);
  const notice = access.log;
  return [
    [
      'secret-service',
      {
        title: 'the Secret Service',
        open: async () => {
          const { secretServiceKeyring } = await import('../keyring/secret-service.ts');
          return secretServiceKeyring({ collection, env, signal });
        },
      },
    ],
    [
      'kwallet',
      {
        title: 'KWallet',
        open: async () => {
          const { kwalletKeyring } = await import('../keyring/kwallet.ts');
          return kwalletKeyring({ env, signal, name: NAME });
        },
      },
    ],
    [
      'pass',
      {
        title: 'the password store (pass)',
        open: async () => {
          const { passKeyring } = await import('../keyring/pass.ts');
          const place = { dir: config.get('passdir') ?? settings.passDir, command: settings.passCmd, prefix: NAME };
          const { homeDir, stateDir } = settings;
          return passKeyring({ ...place, homeDir, stateDir, locks, env, signal, notice });
        },
      },
    ],
    [
      'file',
      {
        title: `the encrypted files in ${JSON.stringify(fileDir)}`,
        // An empty passphrase is what Granted uses where its variable is not set.
        open: async (given) => {
          const { fileKeyring } = await import('../keyring/file.ts');
          const passphrase = () => given ?? env.CF_KEYRING_FILE_PASSWORD ?? '';
          return fileKeyring({ dir: fileDir, passphrase, notice });
        },
      },
    ],
  ];
}

/** ~/.granted, or where that is missing `granted` in the user's config directory. */
function grantedDirectory({ settings, env }: VaultAccess): string | undefined {
  const { XDG_CONFIG_HOME } = env;
  const candidates = [
    join(settings.homeDir, '.granted'),
    ...(XDG_CONFIG_HOME ? [join(XDG_CONFIG_HOME, 'granted')] : []),
  ];
  return candidates.find((dir) => statSync(dir, { throwIfNoEntry: false })?.isDirectory());
}

/** The texts of the table `[Keyring]`, by lower-case name: Granted's reader of TOML ignores case. */
function keyringSettings(file: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  let table = '';
  for (const line of readText(file).split('\n')) {
    const header = /^\s*\[([^[\]]+)\]\s*(?:#.*)?$/.exec(line)?.[1];
    if (header !== undefined) table = header.trim().toLowerCase();
    const [, key = '', basic, literal] = /^\s*([\w-]+)\s*=\s*(?:"([^"\\]*)"|'([^']*)')/.exec(line) ?? [];
    const value = basic ?? literal;
    if (table === 'keyring' && value) settings.set(key.toLowerCase(), value);
  }
  return settings;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return '';
    const message = `Granted's settings in ${JSON.stringify(file)} cannot be read (${String(code)}); check its owner and mode`;
    throw new VaultError('CONFIG_INVALID', message, { details: { file }, cause: error });
  }
}

function absent({ settings }: VaultAccess): ImportPlace {
  const message = `Granted has not been used here: there is no ${join(settings.homeDir, '.granted')}`;
  return unreadable(message);
}

function inKernel(): ImportPlace {
  return unreadable(
    "Granted keeps its keys in the kernel's keyring here, which only Granted reads: run 'granted credentials export-plaintext' and then 'keyturn import --from credentials'",
  );
}

function unreadable(message: string): ImportPlace {
  return {
    source: 'granted',
    title: 'Granted',
    open: () => Promise.reject(new VaultError('KEYRING_UNAVAILABLE', message)),
  };
}
