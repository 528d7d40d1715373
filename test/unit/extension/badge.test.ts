import { expect, test } from 'vitest';
import { badgeOf } from '../../../extension/badge.ts';
import { initialState, type PopupState, type SignIn } from '../../../extension/popup-state.ts';
import type { Prompt } from '../../../native-host/protocol.ts';

const failed: SignIn = { status: 'failed', error: { code: 'TIMEOUT', message: 'x', details: {} } };
const prompt = (kind: Prompt['kind']): Prompt => ({ promptId: kind, kind, requester: { source: 'browser' } });

test.each<[string, Partial<PopupState>, string]>([
  ['nothing', {}, ''],
  ['a sign-in under way', { signIns: { work: { status: 'pending' } } }, ''],
  ['a failed sign-in', { signIns: { ok: { status: 'pending' }, work: failed } }, '!'],
  ['an MFA prompt', { prompts: [prompt('passphrase'), prompt('mfa')], signIns: { work: failed } }, 'MFA'],
  ['a passphrase prompt', { prompts: [prompt('passphrase')] }, 'KEY'],
])('%s shows on the icon', (_, state, text) => {
  expect(badgeOf({ ...initialState, ...state }).text).toBe(text);
});
