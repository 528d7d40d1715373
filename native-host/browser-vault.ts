import type { HostVault } from './actions.ts';
import { type Asker, asking } from './ask.ts';
import type { PromptBroker } from './prompts.ts';
import type { Vault } from './vault.ts';

/** The vault as a browser uses it: whatever an operation turns out to need is asked in the popup, and the operation goes on. */
export function browserVault(vault: Vault, prompts: PromptBroker): HostVault {
  return {
    list: () => vault.list(),
    consoleUrl: async ({ profile, region, path }, signal) => {
      const request = { profile, path, flags: { region } };
      const { locks, unlock } = vault;
      const asker = browserAsker(vault, prompts, profile);
      const ask = { asker, locks, unlock, signal };
      const { url } = await asking((answers) => vault.consoleUrl(request, { answers, signal }), ask);
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
    passphrase: (question, signal) =>
      prompts.ask({ kind: 'passphrase', requester, ...question, profile: question.profile ?? wanted }, signal),
  };
}
