import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isStoredKey } from '../engine/session-cache.ts';
import { VaultError } from '../errors.ts';
import { rememberedBackend } from '../keyring/backend-choice.ts';
import { automaticBackends, backendNames } from '../keyring/open.ts';
import { variable } from '../settings.ts';
import { readSettingsFile, settingsFilePath } from '../settings-file.ts';
import type { VaultAccess } from '../vault-access.ts';
import { lookAtFile } from './doctor-file-vault.ts';
import { type Finding, inTwo, keyCount, type Look } from './finding.ts';

const TIMEOUT_MS = 1_500;

/** `stored`: the keys of the vault in use; undefined where nobody can tell without asking its owner. */
export type VaultFindings = { readonly findings: readonly Finding[]; readonly stored: ReadonlySet<string> | undefined };

/** Each backend, whether it would open, and which is in use and why. Asks nobody anything. */
export async function examineVault(access: VaultAccess, until: AbortSignal): Promise<VaultFindings> {
  const names = backendNames();
  const looks = new Map(
    await Promise.all(names.map(async (name) => [name, await lookAt(name, access, until)] as const)),
  );
  const choice = chosen(access, looks);
  const inUse = choice.backend === undefined ? undefined : looks.get(choice.backend);
  const findings = names.map((name): Finding => {
    const { keys: _keys, ...look } = looks.get(name) ?? { level: 'off', text: 'was not looked at' };
    // What is not there matters only where somebody relies on it.
    const level = name === choice.backend && look.level === 'off' ? 'broken' : look.level;
    return { area: 'vault', subject: name, ...look, level };
  });
  const stored = inUse?.keys && new Set(inUse.keys.filter(isStoredKey));
  return { findings: [choice.finding, ...findings], stored };
}

function chosen(
  access: VaultAccess,
  looks: ReadonlyMap<string, Look>,
): { readonly backend?: string; readonly finding: Finding } {
  const { settings } = access;
  const finding = { area: 'vault', subject: 'in use', level: 'ok' } as const;
  if (settings.backend !== undefined) {
    return named(settings.backend, `${settings.backend}: ${whoSays(settings.backend, access)} says so`);
  }
  try {
    const remembered = rememberedBackend(settings.stateDir);
    if (remembered !== undefined) {
      return named(remembered, `${remembered}: the choice remembered in ${join(settings.stateDir, 'backend')}`);
    }
  } catch (error) {
    return { finding: { ...finding, level: 'broken', ...inTwo(error) } };
  }
  const first = automaticBackends().find((name) => looks.get(name)?.level !== 'off');
  if (first === undefined) return { finding: { ...finding, level: 'broken', text: 'none: no backend can be used' } };
  return {
    backend: first,
    finding: { ...finding, text: `${first}: the first that can be used; no choice was made yet` },
  };
}

/** The environment comes before the settings file, and the command line before both; there it may say the same. */
function whoSays(backend: string, { env, settings }: VaultAccess): string {
  if (variable(env, 'AWS_VAULT_BACKEND') === backend) return 'AWS_VAULT_BACKEND';
  const path = settingsFilePath(env, settings.homeDir);
  const isSet = readSettingsFile(path)?.lines.some(({ key, value }) => key === 'backend' && value === backend);
  return isSet === true ? path : '--backend';
}

function named(backend: string, text: string): { readonly backend: string; readonly finding: Finding } {
  const finding = { area: 'vault', subject: 'in use', text } as const;
  if (backendNames().includes(backend)) return { backend, finding: { ...finding, level: 'ok' } };
  const remedy = `choose one of ${backendNames().join(', ')} with --backend or AWS_VAULT_BACKEND`;
  return { backend, finding: { ...finding, level: 'broken', text: `${text}, but this system has none`, remedy } };
}

async function lookAt(name: string, access: VaultAccess, until: AbortSignal): Promise<Look> {
  const limit = AbortSignal.any([until, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    return await Promise.race([(LOOKS[name] ?? lookAtOther(name))(access, limit), cutOff(limit)]);
  } catch (error) {
    if (until.aborted) throw until.reason;
    if (!(error instanceof VaultError)) throw error;
    if (error.code === 'CANCELLED') return { level: 'broken', text: `does not answer within ${TIMEOUT_MS / 1000} s` };
    const level = error.code === 'KEYRING_UNAVAILABLE' ? 'off' : 'broken';
    const remedy = INSTALL[name];
    return { level, ...(remedy !== undefined && { remedy }), ...inTwo(error) };
  }
}

function cutOff(limit: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new VaultError('CANCELLED', 'no answer'));
    if (limit.aborted) stop();
    limit.addEventListener('abort', stop, { once: true });
  });
}

/** For those whose own message says what is missing, but not how to get it. */
const INSTALL: Readonly<Record<string, string>> = {
  'secret-service': 'install gnome-keyring or KeePassXC and run this in a desktop session',
  kwallet: 'install KWallet (Debian: libkf5wallet-bin) and run this in a desktop session',
};

type Looker = (access: VaultAccess, limit: AbortSignal) => Promise<Look>;

const LOOKS: Readonly<Record<string, Looker>> = {
  wincred: async (access) => {
    const keys = await keysIn('wincred', access);
    return { level: 'ok', text: `opens, with ${keyCount(keys)}`, keys };
  },
  keychain: async (access, signal) => {
    const { lookAtKeychain } = await import('../keyring/keychain.ts');
    const { keychain: name } = access.settings;
    const state = await lookAtKeychain({ name, signal });
    return inState(access, state, { name: 'keychain', what: `the keychain "${name}"` });
  },
  'secret-service': async (access, signal) => {
    const { lookAtSecretService } = await import('../keyring/secret-service-look.ts');
    const { env, settings } = access;
    const collection = settings.secretServiceCollection;
    const state = await lookAtSecretService({ collection, env, signal, callTimeoutMs: TIMEOUT_MS });
    return inState(access, state, { name: 'secret-service', what: `the collection "${collection}"` });
  },
  kwallet: async (access, signal) => {
    const { lookAtKwallet } = await import('../keyring/kwallet.ts');
    const state = await lookAtKwallet({ env: access.env, signal, callTimeoutMs: TIMEOUT_MS });
    return inState(access, state, { name: 'kwallet', what: 'the wallet "aws-vault"' });
  },
  keyctl: async (access) => {
    const keys = await keysIn('keyctl', access);
    return { level: 'ok', text: `opens, with ${keyCount(keys)}; forgets them when the machine restarts`, keys };
  },
  pass: lookAtPass,
  file: lookAtFile,
  op: async (access) => {
    await access.withBackend('op', async () => undefined);
    return { level: 'ok', text: `the vault ${access.settings.opVaultId} of 1Password, which was not asked for` };
  },
};

async function inState(
  access: VaultAccess,
  state: 'open' | 'locked' | 'none',
  { name, what }: { readonly name: string; readonly what: string },
): Promise<Look> {
  if (state === 'locked') return { level: 'note', text: `${what} is locked, and its owner will be asked to unlock it` };
  if (state === 'none') return { level: 'ok', text: `opens; ${what} is made when the first key is stored`, keys: [] };
  const keys = await keysIn(name, access);
  return { level: 'ok', text: `opens, with ${keyCount(keys)}`, keys };
}

/** Only for what opens without a question. */
function keysIn(backend: string, access: VaultAccess): Promise<string[]> {
  return access.withBackend(backend, (keyring) => keyring.keys());
}

/** Its entries are not looked into: that may take a while, and a passphrase. */
async function lookAtPass(access: VaultAccess, limit: AbortSignal): Promise<Look> {
  const { settings, env } = access;
  await access.withBackend('pass', async () => undefined);
  const { passStore } = await import('../keyring/pass.ts');
  const { entryFiles } = await import('../keyring/pass-store.ts');
  const store = passStore({ dir: settings.passDir, env, homeDir: settings.homeDir });
  const entries = entryFiles('.gpg').below(join(store, settings.passPrefix)).length;
  const lacking = await keyWithoutSecret(store, access, limit);
  if (lacking !== undefined) {
    const text = `GnuPG has no secret key ${JSON.stringify(lacking)}, which ${join(store, '.gpg-id')} names`;
    return { level: 'broken', text, remedy: "import that key, or name another with 'pass init'" };
  }
  return {
    level: 'ok',
    text: `${store} is there, with ${entries} entries; GnuPG asks for its passphrase when one is read`,
  };
}

/** Looks among the keys, which needs no passphrase; one of those that a store is written for is enough to read it. */
async function keyWithoutSecret(
  store: string,
  { env, settings }: VaultAccess,
  signal: AbortSignal,
): Promise<string | undefined> {
  const idFile = join(store, '.gpg-id');
  if (statSync(idFile, { throwIfNoEntry: false }) === undefined) return undefined;
  const ids = readFileSync(idFile, 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter(Boolean);
  // GnuPG would make its directory, and this is only to look.
  if (statSync(env.GNUPGHOME || join(settings.homeDir, '.gnupg'), { throwIfNoEntry: false }) === undefined)
    return ids[0];
  const { runProgram } = await import('../keyring/program.ts');
  for (const id of ids) {
    const command = ['gpg', '--batch', '--with-colons', '--list-secret-keys', '--', id] as const;
    const { status } = await runProgram(command, { env, signal, timeoutMs: TIMEOUT_MS, backend: 'pass' });
    if (status === 0) return undefined;
  }
  return ids[0];
}

/** One that this part knows nothing of is opened as far as that asks nobody, which is how backends open. */
function lookAtOther(name: string): Looker {
  return async (access) => {
    await access.withBackend(name, async () => undefined);
    return { level: 'ok', text: 'opens' };
  };
}
