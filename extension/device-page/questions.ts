import type { Runtime } from 'webextension-polyfill';
import type { HostConnection } from '../host-connection.ts';
import type { LoginTabs } from '../login-tabs.ts';

/** What the script on the device page of IAM Identity Center asks, and nothing else does. */
export type DevicePageQuestion =
  | { readonly type: 'checkUserCode'; readonly userCode: string }
  | { readonly type: 'pendingUserCode' }
  /** The person was warned, and wants to leave. */
  | { readonly type: 'closePage' };

/** `asked`: by a login of this computer. `foreign`: by nobody here. `unknown`: no host could say. */
export type CodeVerdict = 'asked' | 'foreign' | 'unknown';

const CHECK_MS = 10_000;

/** The answer to a page's script; undefined for whatever is no question of it. `ownId`: this extension's. */
export function answerDevicePage(
  message: unknown,
  sender: Runtime.MessageSender,
  to: { readonly ownId: string; readonly connection: HostConnection; readonly loginTabs: LoginTabs },
): Promise<CodeVerdict | string | undefined> | undefined {
  const { id, tab, frameId, url } = sender;
  const question = id === to.ownId && tab && frameId === 0 && url ? asQuestion(message) : undefined;
  if (!question) return undefined;
  if (question.type === 'checkUserCode') return verdictOn(question.userCode, to.connection);
  if (question.type === 'closePage') return to.loginTabs.close(tab?.id);
  return to.loginTabs.codeFor(tab?.id, URL.parse(url ?? '')?.origin ?? '');
}

function asQuestion(message: unknown): DevicePageQuestion | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message)) return undefined;
  if (message.type === 'pendingUserCode' || message.type === 'closePage') return { type: message.type };
  if (message.type !== 'checkUserCode' || !('userCode' in message)) return undefined;
  const { userCode } = message;
  const isCode = typeof userCode === 'string' && userCode !== '' && userCode.length <= 64;
  return isCode ? { type: 'checkUserCode', userCode } : undefined;
}

async function verdictOn(userCode: string, connection: HostConnection): Promise<CodeVerdict> {
  try {
    const { isAsked } = await connection.call('checkUserCode', { userCode }, { timeoutMs: CHECK_MS, needs: 'logins' });
    return isAsked ? 'asked' : 'foreign';
  } catch {
    return 'unknown'; // the page is told that nothing was checked
  }
}
