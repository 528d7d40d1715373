import { existsSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { decryptionError } from './gpg-error.ts';
import type { Keyring } from './keyring.ts';
import { PasswordStoreKeyring, type PasswordStoreOptions } from './password-store.ts';

/** Where `pass` itself looks for its store. */
export function passStore({ dir, env, homeDir }: Pick<PasswordStoreOptions, 'dir' | 'env' | 'homeDir'>): string {
  return dir ?? (env.PASSWORD_STORE_DIR || join(homeDir, '.password-store'));
}

/**
 * The password store `pass` as a keyring; GnuPG's agent asks for the passphrase.
 * @throws VaultError KEYRING_UNAVAILABLE when `pass` or the store is not there
 */
export function passKeyring(options: PasswordStoreOptions): Keyring {
  const { env } = options;
  const store = passStore(options);
  const kind = {
    name: 'pass',
    extension: '.gpg',
    toMake: "make one with 'pass init'",
    isStore: (dir: string) => existsSync(join(dir, '.gpg-id')),
    env: ({ mayAsk }: { readonly mayAsk: boolean }) => {
      const pinentry = mayAsk ? undefined : '--pinentry-mode=cancel';
      const terminal = env.GPG_TTY ?? terminalName();
      return {
        PASSWORD_STORE_DIR: store,
        PASSWORD_STORE_GPG_OPTS: [env.PASSWORD_STORE_GPG_OPTS, '--status-fd=2', pinentry].filter(Boolean).join(' '),
        ...(terminal !== undefined && { GPG_TTY: terminal }),
      };
    },
    canLook: () => true,
    readError: decryptionError,
  };
  return new PasswordStoreKeyring(kind, store, options);
}

/** The terminal on which a pinentry may ask: `pass` cannot find it by its stdin, which is ours. */
function terminalName(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const { isatty } = process.getBuiltinModule('node:tty');
  const descriptor = [0, 1, 2].find((fd) => isatty(fd));
  return descriptor === undefined ? undefined : readlinkSync(`/proc/self/fd/${descriptor}`);
}
