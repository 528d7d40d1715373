import type { HostVault } from './actions.ts';
import { type Asker, asking } from './ask.ts';
import type { ConsoleOpens } from './console-opens.ts';
import { VaultError } from './errors.ts';
import type { ConsoleRequest, ConsoleSignIn } from './operations/console.ts';
import type { PromptBroker } from './prompts.ts';
import type { Vault } from './vault.ts';

/** The vault as a browser uses it: whatever an operation turns out to need is asked in the popup, and the operation goes on. */
export function browserVault(vault: Vault, prompts: PromptBroker, opens: ConsoleOpens): HostVault {
  const signIn = (request: ConsoleRequest, signal: AbortSignal): Promise<ConsoleSignIn> => {
    const { locks, unlock } = vault;
    const asker = browserAsker(vault, prompts, request.profile);
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
  };
}

function browserAsker(vault: Vault, prompts: PromptBroker, wanted: string): Asker {
  const requester = { source: 'browser' } as const;
  return {
    async mfa(question, signal) {
      const command = await vault.mfaProcess(question.profile);
      if (command === undefined || question.rejected !== undefined) {
        // The person asked for this profile; that its source profile holds the device is no news to the device's owner.
        return prompts.ask({ kind: 'mfa', requester, ...question, profile: wanted }, signal);
      }
      const { runMfaProcess } = await import('./mfa-process.ts');
      return runMfaProcess(command, { signal, env: vault.env });
    },
    ssoLogin: ({ profile }, signal) =>
      vault.ssoLogin(profile, {
        flow: 'pkce',
        signal,
        show: async ({ url }) => {
          if (prompts.openPage(url)) return true;
          const message = `profile ${JSON.stringify(profile)} needs a login to IAM Identity Center; run 'keyturn login ${profile}' in a terminal`;
          throw new VaultError('SSO_LOGIN_REQUIRED', message, { details: { profile } });
        },
      }),
    passphrase: (question, signal) =>
      prompts.ask({ kind: 'passphrase', requester, ...question, profile: question.profile ?? wanted }, signal),
  };
}
