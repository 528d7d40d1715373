import { VaultError } from '../errors.ts';
import { choiceFile, rememberBackend, rememberedBackend } from './backend-choice.ts';
import { BACKENDS, type Backend, type KeyringOptions } from './backends.ts';
import type { Keyring } from './keyring.ts';

export type OpenedKeyring = Keyring & {
  /** Its name in BACKENDS. */
  readonly backend: string;
  close(): void;
};

/** The names that --backend takes here, in the order of preference; opens and loads nothing. */
export function backendNames(platform: NodeJS.Platform = process.platform): string[] {
  return availableBackends(platform).map(({ name }) => name);
}

/** The names of those that keep what they are given when the machine restarts. */
export function durableBackends(platform: NodeJS.Platform = process.platform): string[] {
  return availableBackends(platform).flatMap(({ name, isVolatile }) => (isVolatile === true ? [] : [name]));
}

/** The names of those that are chosen by themselves, in the order in which they are tried. */
export function automaticBackends(platform: NodeJS.Platform = process.platform): string[] {
  return availableBackends(platform).flatMap(({ name, isOnRequest }) => (isOnRequest === true ? [] : [name]));
}

/** A backend as people know it. `options` says where it is. */
export function backendTitle(name: string, options: Parameters<Backend['title']>[0]): string {
  return BACKENDS.find((backend) => backend.name === name)?.title(options) ?? name;
}

/**
 * The vault of this user. A backend that is asked for is opened, or its error thrown, and not remembered. Else the
 * remembered one counts in the same way. Only when nothing is remembered are the backends tried in order, and the first
 * that opens is remembered, so that keys never lie in one place today and are looked for in another tomorrow.
 * @throws VaultError USAGE (no such backend), CONFIG_INVALID (the remembered choice), and whatever the backend throws
 */
export async function openKeyring(options: KeyringOptions): Promise<OpenedKeyring> {
  if (options.backend !== undefined) return openRequested(options.backend, options);
  const remembered = rememberedBackend(options.stateDir);
  return remembered === undefined ? openFirst(options) : openRemembered(remembered, options);
}

function availableBackends(platform: NodeJS.Platform = process.platform): Backend[] {
  return BACKENDS.filter(({ platforms }) => platforms === 'all' || platforms.includes(platform));
}

/** The message is aws-vault's, which scripts may look for. */
function requestedBackend(name: string): Backend {
  const backend = availableBackends().find((candidate) => candidate.name === name);
  if (backend !== undefined) return backend;
  throw new VaultError('USAGE', `enum value must be one of ${backendNames().join(',')}, got '${name}'`, {
    details: { flag: 'backend' },
  });
}

async function openRequested(name: string, options: KeyringOptions): Promise<OpenedKeyring> {
  try {
    return await openBackend(requestedBackend(name), options);
  } catch (error) {
    if (!(error instanceof VaultError) || error.code !== 'KEYRING_UNAVAILABLE') throw error;
    // aws-vault's words first, which scripts may look for, then ours, which say why.
    const message = `Specified keyring backend not available, try --help: ${error.message}`;
    throw new VaultError(error.code, message, { details: error.details, cause: error });
  }
}

async function openRemembered(name: string, options: KeyringOptions): Promise<OpenedKeyring> {
  const file = choiceFile(options.stateDir);
  const backend = availableBackends().find((candidate) => candidate.name === name);
  if (backend === undefined) {
    throw new VaultError(
      'CONFIG_INVALID',
      `${JSON.stringify(file)} names the vault ${JSON.stringify(name.slice(0, 40))}, which is none of ${backendNames().join(', ')}: remove the file, or give --backend`,
      { details: { file } },
    );
  }
  try {
    return await openBackend(backend, options);
  } catch (error) {
    throw withAdvice(error, `${name} is the vault remembered in ${JSON.stringify(file)}; ${adviceToChoose(name)}`);
  }
}

async function openFirst(options: KeyringOptions): Promise<OpenedKeyring> {
  const passedOver: string[] = [];
  for (const backend of availableBackends().filter(({ isOnRequest }) => isOnRequest !== true)) {
    try {
      const keyring = await openBackend(backend, options);
      if (passedOver.length > 0) {
        options.notice(
          `using ${backend.title(options)} from now on: ${passedOver.join(', and ')}; ${adviceToChoose(backend.name)}`,
        );
      }
      remember(backend.name, options);
      return keyring;
    } catch (error) {
      // Only what is not there is passed over. One that is locked or denied may hold the keys: that is for its user to mend.
      if (!(error instanceof VaultError) || error.code !== 'KEYRING_UNAVAILABLE') {
        throw withAdvice(error, adviceToChoose(backend.name));
      }
      // What is wrong, without the advice after it: the advice is ours, below.
      passedOver.push(`${backend.title(options)} is not usable, because ${error.message.split(';', 1)[0]}`);
    }
  }
  throw new VaultError('KEYRING_UNAVAILABLE', `no vault can be opened: ${passedOver.join(', and ')}`);
}

async function openBackend(backend: Backend, options: KeyringOptions): Promise<OpenedKeyring> {
  const keyring = await backend.open(options);
  return {
    backend: backend.name,
    get: (key) => keyring.get(key),
    set: (item) => keyring.set(item),
    remove: (key) => keyring.remove(key),
    keys: () => keyring.keys(),
    ...(keyring.modifiedAt && { modifiedAt: keyring.modifiedAt.bind(keyring) }),
    close: () => keyring.close?.(),
  };
}

/** Where nothing can be written, as in some containers, the vault itself is still good; but the choice is made anew each time. */
function remember(name: string, { stateDir, notice }: KeyringOptions): void {
  try {
    rememberBackend(stateDir, name);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    notice(`the choice of ${name} cannot be remembered (${reason}); set AWS_VAULT_BACKEND=${name}`);
  }
}

function adviceToChoose(present: string): string {
  const others = backendNames().filter((name) => name !== present);
  return others.length > 0
    ? `choose another with --backend ${others.join('|')} or AWS_VAULT_BACKEND`
    : 'this system has no other';
}

function withAdvice(error: unknown, advice: string): unknown {
  if (!(error instanceof VaultError) || error.code === 'CANCELLED') return error;
  const { code, details, message } = error;
  return new VaultError(code, `${message} (${advice})`, { details, cause: error });
}
