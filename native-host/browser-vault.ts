import type { HostVault } from './actions.ts';
import { type Asker, asking, type MfaQuestion } from './ask.ts';
import { browserAwsLogin, browserLogin } from './browser-login.ts';
import type { ConsoleOpens } from './console-opens.ts';
import { VaultError } from './errors.ts';
import type { GivenCode } from './fresh-code.ts';
import type { Logins } from './logins.ts';
import type { ConsoleRequest, ConsoleSignIn } from './operations/console.ts';
import type { PromptBroker, PromptRequest } from './prompts.ts';
import type { UnlockedVaults } from './unlocked-vaults.ts';
import type { Vault } from './vault.ts';
import type { MfaProcess } from './vault-mfa.ts';

export type BrowserVaultOptions = {
  readonly prompts: PromptBroker;
  readonly opens: ConsoleOpens;
  readonly logins: Logins;
  readonly unlocked: UnlockedVaults;
};

/** The vault as a browser uses it: whatever an operation turns out to need is asked in the popup, and the operation goes on. */
export function browserVault(vault: Vault, { prompts, opens, logins, unlocked }: BrowserVaultOptions): HostVault {
  const signIn = (request: ConsoleRequest, signal: AbortSignal): Promise<ConsoleSignIn> => {
    const { locks, unlock } = vault;
    const asker = browserAsker(vault, { prompts, logins }, request.profile);
    return asking((answers) => vault.consoleUrl(request, { answers, signal }), { asker, locks, unlock, signal });
  };
  return {
    list: () => vault.list(),
    consoleUrl: async ({ profile, region, path }, signal) => ({
      url: (await signIn({ profile, path, flags: { region } }, signal)).url,
    }),
    async openUrl({ openId }, signal) {
      const { intent, signal: withdrawn, note } = opens.wanted(openId);
      if (intent.kind === 'signOut') return vault.signOutUrl(intent.profile);
      const { url, ...facts } = await signIn(intent.request, AbortSignal.any([signal, withdrawn]));
      note(facts);
      return { url };
    },
    lockState: () => vault.fileVault.lockState(),
    onLockChange: (listener) => unlocked.onChange(listener),
    unlock: (signal) => {
      const { locks, unlock } = vault;
      const asker = browserAsker(vault, { prompts, logins }, undefined);
      return asking(() => vault.fileVault.requireUnlocked(), { asker, locks, unlock, signal });
    },
    lock: () => void unlocked.lock(),
  };
}

/** `wanted`: the profile the person asked for; undefined where only the vault is to be unlocked. */
function browserAsker(
  vault: Vault,
  { prompts, logins }: Pick<BrowserVaultOptions, 'prompts' | 'logins'>,
  wanted: string | undefined,
): Asker {
  const requester = { source: 'browser' } as const;
  const shown = async (request: PromptRequest, signal: AbortSignal): Promise<string> => {
    const { promptTimeoutMs } = await import('./prompt-timeout.ts');
    const { KEYTURN_PROMPT_TIMEOUT } = vault.env;
    return askWithin(promptTimeoutMs(KEYTURN_PROMPT_TIMEOUT || undefined), signal, (limited) =>
      prompts.ask(request, limited),
    );
  };
  // The person asked for this profile; that its source profile holds the device is no news to the device's owner.
  const person = (question: MfaQuestion, signal: AbortSignal): Promise<string> =>
    shown({ kind: 'mfa', requester, ...question, profile: wanted ?? question.profile }, signal);
  return {
    async mfa(question, signal) {
      const { freshCode } = await import('./fresh-code.ts');
      const spent = await vault.mfa.spentCodes();
      const ask = async (asked: MfaQuestion): Promise<GivenCode> => {
        const program = await vault.mfa.mfaProcess(asked.profile, wanted);
        if (program === undefined || asked.rejected !== undefined) {
          return { code: await person(asked, signal), from: 'person' };
        }
        return fromProcess(program, asked, signal);
      };
      return freshCode(question, { ask, spent, now: () => new Date(), signal, notice: () => undefined });
    },
    ssoLogin: ({ profile }, signal) => browserLogin(profile, { vault, logins, signal, wanted }),
    awsLogin: ({ profile }, signal) => browserAwsLogin(profile, { vault, logins, signal, wanted }),
    passphrase: ({ profile = wanted, ...question }, signal) =>
      shown({ kind: 'passphrase', requester, ...question, ...(profile !== undefined && { profile }) }, signal),
  };

  /** A program that fails gives way to the person at the browser, who is told why. */
  async function fromProcess(
    { command, env }: MfaProcess,
    question: MfaQuestion,
    signal: AbortSignal,
  ): Promise<GivenCode> {
    const [{ runMfaProcess }, { promptTimeoutMs }] = await Promise.all([
      import('./mfa-process.ts'),
      import('./prompt-timeout.ts'),
    ]);
    const timeoutMs = promptTimeoutMs(vault.env.KEYTURN_PROMPT_TIMEOUT || undefined);
    try {
      return { code: await runMfaProcess(command, { signal, env, timeoutMs }), from: 'program' };
    } catch (error) {
      if (!(error instanceof VaultError) || error.code === 'CANCELLED') throw error;
      return { code: await person({ ...question, rejected: error.message }, signal), from: 'person' };
    }
  }
}

/** The outcome of `ask`, whose question is withdrawn when its time is over. */
async function askWithin<T>(
  timeoutMs: number,
  signal: AbortSignal,
  ask: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const message = `nobody answered in the browser within ${timeoutMs / 1000} s; try again`;
  const timer = setTimeout(() => late.abort(new VaultError('TIMEOUT', message)), timeoutMs);
  try {
    return await ask(AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}
