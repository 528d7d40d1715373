import { resolve } from 'node:path';
import { VaultError } from '../errors.ts';
import { askUnlockedHost, type HostKeysOptions, type HostQuestion } from '../host-keys.ts';
import { DerivedKeys } from '../keyring/derived-keys.ts';
import type { WrappedKey } from '../keyring/jwe.ts';
import { type KeyHolder, lockedVault, passphraseHolder } from '../keyring/key-holder.ts';

export type HolderOptions = HostKeysOptions & {
  /** The file vault, as the settings name it. */
  readonly dir: string;
  readonly fileRounds: string | undefined;
  /** The line of --file-passphrase-command. */
  readonly command: string | undefined;
  /** Whether a host may be asked; a host asks no other. */
  readonly hosts: boolean;
};

/** What the other end of a socket says is checked like a stranger's word. */
const CONTENT_KEY_BYTES = 32;
const WRAPPED_KEY_BYTES = 40;

/**
 * Who has the passphrase while this process has not: a host that was unlocked, else the program that gives it. Which of them is
 * found out at the first question, because most processes have only one.
 */
export function keyHolder(options: HolderOptions): KeyHolder {
  const { command, dir, stateDir, fileRounds: asked } = options;
  let given: Promise<KeyHolder> | undefined;
  /** @throws VaultError KEYRING_LOCKED, PROCESS_FAILED, TIMEOUT, CANCELLED */
  const own = (): Promise<KeyHolder> => {
    if (command === undefined) throw lockedVault(dir);
    const rounds = async () => (await import('../keyring/rounds.ts')).strongRounds({ stateDir, asked });
    const derived = new DerivedKeys(dir, options.env);
    given ??= passphraseFrom(command, options).then((passphrase) => passphraseHolder(passphrase, rounds, derived));
    return given;
  };
  const ask = async (question: HostQuestion): Promise<Readonly<Record<string, unknown>> | undefined> => {
    if (!options.hosts || given !== undefined) return undefined;
    return askUnlockedHost(question, options);
  };
  const vaultDir = resolve(dir);
  return {
    async unwrap(key) {
      const { salt, rounds, wrappedKey } = key;
      const params = { vaultDir, rounds, salt: text(salt), wrappedKey: text(wrappedKey) };
      const answer = await ask({ action: 'unwrapKey', params });
      if (answer === undefined) return (await own()).unwrap(key);
      return answer.contentKey === undefined ? undefined : bytes(answer.contentKey, CONTENT_KEY_BYTES);
    },
    async wrap(contentKey) {
      const answer = await ask({ action: 'wrapKey', params: { vaultDir, contentKey: text(contentKey) } });
      return answer === undefined ? (await own()).wrap(contentKey) : wrapped(answer);
    },
  };
}

/** One line; what else the program prints is no passphrase that a person could type. */
export async function passphraseFrom(
  command: string,
  { signal, env }: Pick<HolderOptions, 'signal' | 'env'>,
): Promise<string> {
  const [{ readCommand, shellCommand }, { promptTimeoutMs }] = await Promise.all([
    import('../command.ts'),
    import('../prompt-timeout.ts'),
  ]);
  const { words, isVerbatim } = shellCommand(command, env);
  const title = 'the passphrase command';
  const advice = 'check --file-passphrase-command (KEYTURN_FILE_PASSPHRASE_COMMAND)';
  const timeoutMs = promptTimeoutMs(env.KEYTURN_PROMPT_TIMEOUT || undefined);
  const output = { some: 'a passphrase', none: 'no passphrase', maxBytes: 1024 };
  const printed = await readCommand(words, { signal, env, timeoutMs, title, advice, isVerbatim, output, mayAsk: true });
  if (!/[\r\n]/.test(printed)) return printed;
  throw new VaultError('PROCESS_FAILED', `${title}: it printed more than one line; ${advice}`);
}

function wrapped({ salt, rounds, wrappedKey }: Readonly<Record<string, unknown>>): WrappedKey {
  if (typeof rounds !== 'number' || !Number.isInteger(rounds)) throw strange();
  return { salt: bytes(salt), rounds, wrappedKey: bytes(wrappedKey, WRAPPED_KEY_BYTES) };
}

function text(key: Buffer): string {
  return key.toString('base64url');
}

function bytes(value: unknown, size?: number): Buffer {
  const key = typeof value === 'string' ? Buffer.from(value, 'base64url') : Buffer.alloc(0);
  if (key.length === 0 || (size !== undefined && key.length !== size)) throw strange();
  return key;
}

function strange(): VaultError {
  return new VaultError('BAD_MESSAGE', 'the Keyturn host answered with something that is no key of the vault');
}
