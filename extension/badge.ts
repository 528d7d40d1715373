import type { PopupState } from './popup-state.ts';

export type Badge = { readonly text: '' | 'MFA' | 'KEY' | '!'; readonly colour: string; readonly title: string };

/** What the action icon says while the popup is closed: a question first, then a failure, else nothing. */
export function badgeOf({ prompts, signIns }: PopupState): Badge {
  if (prompts.some(({ kind }) => kind === 'mfa')) {
    return { text: 'MFA', colour: '#2456c8', title: 'Keyturn: an MFA code is asked for' };
  }
  if (prompts.length > 0)
    return { text: 'KEY', colour: '#2456c8', title: 'Keyturn: the vault passphrase is asked for' };
  const failed = Object.entries(signIns).find(([, signIn]) => signIn.status === 'failed');
  if (failed)
    return { text: '!', colour: '#b3261e', title: `Keyturn: the console of ${failed[0]} could not be opened` };
  return { text: '', colour: '#2456c8', title: 'Keyturn' };
}
