import type { Locks } from '../engine/lock.ts';
import type { KeyHolder } from './key-holder.ts';
import type { Keyring } from './keyring.ts';
import type { VaultPlace } from './vault-place.ts';

type Env = Readonly<Record<string, string | undefined>>;

export type KeyringOptions = VaultPlace & {
  /** From --backend or AWS_VAULT_BACKEND; undefined leaves the choice to what is remembered, or else to what opens. */
  readonly backend: string | undefined;
  /** Where the chosen backend is remembered, in a file named `backend`. */
  readonly stateDir: string;
  readonly homeDir: string;
  readonly locks: Locks;
  readonly env: Env;
  /** How long 1Password may take; throws where the setting cannot be read, which is why it is asked for only where it counts. */
  readonly opTimeoutMs: () => number;
  /** The passphrase of the file vault; may start to answer after a call has failed with KEYRING_LOCKED. */
  readonly passphrase: () => string | undefined;
  /** Who else has it: see FileKeyringOptions. */
  readonly holder?: () => Promise<KeyHolder | undefined>;
  /** KEYTURN_FILE_ROUNDS: see strongRounds. */
  readonly fileRounds?: string | undefined;
  readonly notice: (line: string) => void;
  /** Whether a keyring may ask the person to unlock it, where it can do without. Default true. */
  readonly mayAsk?: boolean | undefined;
  readonly signal: AbortSignal;
};

export type Backend = {
  readonly name: string;
  /** As people know it, for messages. */
  readonly title: (place: Pick<VaultPlace, 'fileDir' | 'keychain'>) => string;
  readonly platforms: readonly NodeJS.Platform[] | 'all';
  /** Forgets when the machine restarts. */
  readonly isVolatile?: true;
  /** Never chosen unless somebody asks for it: it forgets, or keeps keys at a place that its owner has to name. */
  readonly isOnRequest?: true;
  /** Loads the backend's code, and opens it as far as telling whether it is there. */
  readonly open: (options: KeyringOptions) => Promise<Keyring & { close?(): void }>;
};

const DESKTOPS = ['linux', 'freebsd', 'openbsd'] as const;
const UNIX = ['linux', 'darwin', 'freebsd', 'openbsd'] as const;

/** All backends of this build, in the order in which they are tried. */
export const BACKENDS: readonly Backend[] = [
  {
    name: 'wincred',
    title: () => 'the Windows Credential Manager',
    platforms: ['win32'],
    open: async ({ signal }) => {
      const { wincredKeyring } = await import('./wincred.ts');
      return wincredKeyring({ signal });
    },
  },
  {
    name: 'keychain',
    title: ({ keychain }) => `the keychain ${JSON.stringify(keychain)}`,
    platforms: ['darwin'],
    open: async ({ keychain: name, signal }) => {
      const { keychainKeyring } = await import('./keychain.ts');
      return keychainKeyring({ name, signal });
    },
  },
  {
    name: 'secret-service',
    title: () => 'the Secret Service',
    platforms: DESKTOPS,
    open: async ({ secretServiceCollection: collection, env, signal, mayAsk = true }) => {
      const { secretServiceKeyring } = await import('./secret-service.ts');
      return secretServiceKeyring({ collection, env, signal, mayAsk });
    },
  },
  {
    name: 'kwallet',
    title: () => 'KWallet',
    platforms: DESKTOPS,
    open: async ({ env, signal }) => {
      const { kwalletKeyring } = await import('./kwallet.ts');
      return kwalletKeyring({ env, signal });
    },
  },
  {
    name: 'keyctl',
    title: () => 'the kernel keyring',
    platforms: ['linux'],
    isVolatile: true,
    isOnRequest: true,
    open: async ({ env, signal, notice }) => {
      const { keyctlKeyring } = await import('./keyctl.ts');
      return keyctlKeyring({ env, signal, notice });
    },
  },
  {
    name: 'pass',
    title: () => 'the password store (pass)',
    platforms: UNIX,
    open: async ({ passDir: dir, passCmd: command, passPrefix: prefix, ...options }) => {
      const { passKeyring } = await import('./pass.ts');
      return passKeyring({ dir, command, prefix, ...options });
    },
  },
  {
    name: 'file',
    title: ({ fileDir }) => `the file vault ${JSON.stringify(fileDir)}`,
    platforms: 'all',
    open: async ({ fileDir: dir, passphrase, holder, stateDir, fileRounds: asked, env, notice }) => {
      const { fileKeyring } = await import('./file.ts');
      const rounds = async () => (await import('./rounds.ts')).strongRounds({ stateDir, asked });
      return fileKeyring({ dir, passphrase, env, notice, rounds, ...(holder && { holder }) });
    },
  },
  {
    name: 'passage',
    title: () => 'the password store (passage)',
    platforms: UNIX,
    isOnRequest: true,
    open: async ({ passDir: dir, passCmd: command, passPrefix: prefix, ...options }) => {
      const { passageKeyring } = await import('./passage.ts');
      return passageKeyring({ dir, command, prefix, ...options });
    },
  },
  {
    name: 'op',
    title: () => '1Password',
    platforms: 'all',
    isOnRequest: true,
    open: async ({ opVaultId: vaultId, opItemTitlePrefix, opItemTag, opDesktopAccountId: account, ...options }) => {
      const { opKeyring } = await import('./op.ts');
      const layout = { itemTitlePrefix: opItemTitlePrefix, itemTag: opItemTag };
      return opKeyring({ vaultId, account, ...layout, ...options, timeoutMs: options.opTimeoutMs() });
    },
  },
];
