import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A password store of its own with a throwaway GPG key. `passphrase`: what locks that key; empty is no lock. */
export type PasswordStore = {
  readonly home: string;
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Puts an entry in as the person would. */
  readonly insert: (name: string, text: string) => void;
  readonly show: (name: string) => string;
  /** Takes all entries out. */
  readonly empty: () => void;
  /** Makes GnuPG forget the passphrase it was given. */
  readonly forget: () => void;
  readonly close: () => void;
};

export function startPasswordStore({ passphrase = '' }: { readonly passphrase?: string } = {}): PasswordStore {
  // Short, because the path of GnuPG's socket has a limit.
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'kt-pass-'));
  const gnupg = path.join(home, 'gnupg');
  fs.mkdirSync(gnupg, { mode: 0o700 });
  const dir = path.join(home, 'store');
  const env = {
    HOME: home,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    GNUPGHOME: gnupg,
    PASSWORD_STORE_DIR: dir,
    LANG: 'C.UTF-8',
  };
  const run = (file: string, args: string[], input = ''): string =>
    execFileSync(file, args, { env, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
  // An elliptic curve: GnuPG's default, RSA, takes seconds to find its primes.
  const generate = ['--quick-generate-key', 'Keyturn Test <test@example.com>', 'future-default', 'default', 'never'];
  run('gpg', ['--batch', '--pinentry-mode', 'loopback', '--passphrase', passphrase, ...generate]);
  run('pass', ['init', 'test@example.com']);
  return {
    home,
    dir,
    env,
    insert: (name, text) => void run('pass', ['insert', '-m', '-f', name], text),
    show: (name) => run('pass', ['show', name]),
    empty: () => {
      for (const name of fs.readdirSync(dir))
        if (name !== '.gpg-id') fs.rmSync(path.join(dir, name), { recursive: true });
    },
    forget: () => void run('gpgconf', ['--kill', 'all']),
    close: () => {
      run('gpgconf', ['--kill', 'all']);
      // GnuPG's agent takes its sockets away itself while it ends.
      fs.rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}
