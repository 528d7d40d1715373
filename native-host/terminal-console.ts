import type { Caller } from './caller.ts';
import type { ConsoleOpens } from './console-opens.ts';
import { VaultError } from './errors.ts';
import { boolean, type Check, integer, object, oneOf, text } from './message-check.ts';
import type { ConsoleRequest } from './operations/console.ts';
import type { OpenConsoleAnswer, OpenConsoleRequest, SignOutRequest } from './user-socket-open.ts';
import type { Vault } from './vault.ts';

/** What terminals may have a browser open: intents only. The URL is made here, and goes to the extension and nowhere else. */
export type TerminalConsole = {
  readonly openConsole: (params: OpenConsoleRequest, signal: AbortSignal) => Promise<OpenConsoleAnswer>;
  readonly signOut: (params: SignOutRequest, signal: AbortSignal) => Promise<object>;
};

const profile = text({ max: 256 });
const browser = oneOf('firefox', 'chromium');
const seconds = integer({ min: 1, max: 129_600 });

export const openConsoleParams: Check<OpenConsoleRequest> = object<OpenConsoleRequest>({
  required: { profile, plan: text({ max: 64 }), destination: text({ max: 4096 }) },
  optional: {
    browser,
    region: text({ max: 64 }),
    durationSeconds: seconds,
    consoleSeconds: seconds,
    noSession: boolean,
    signsOutFirst: boolean,
  },
});

export const signOutParams: Check<SignOutRequest> = object<SignOutRequest>({
  required: { profile },
  optional: { browser },
});

export type TerminalConsoleOptions = {
  readonly vault: Pick<Vault, 'consolePlan'>;
  readonly opens: ConsoleOpens;
  readonly family: Caller['family'];
};

/** The terminals' side of `opens`: @throws VaultError BROWSER_NOT_CONNECTED when this is not the browser they mean. */
export function terminalConsole({ vault, opens, family }: TerminalConsoleOptions): TerminalConsole {
  const requireMeant = (wanted: string | undefined): void => {
    if (opens.isWatched && (wanted === undefined || wanted === family)) return;
    throw new VaultError('BROWSER_NOT_CONNECTED', 'this is not a browser that can open it');
  };
  return {
    async openConsole(params, signal) {
      requireMeant(params.browser);
      const request = consoleRequest(params);
      if (!(await leadsTo(params.plan, request, { vault, signal }))) return { outcome: 'otherSettings' };
      const facts = await opens.open({ kind: 'console', profile: params.profile, request }, signal);
      return { outcome: 'opened', ...facts };
    },
    async signOut({ profile: name, browser: wanted }, signal) {
      requireMeant(wanted);
      await opens.open({ kind: 'signOut', profile: name }, signal);
      return {};
    },
  };
}

/**
 * Whether this process, with its own environment, would get the very credentials that the terminal means. A profile that cannot
 * even be planned here is another one than the terminal's, which could.
 */
async function leadsTo(
  plan: string,
  request: ConsoleRequest,
  { vault, signal }: { readonly vault: Pick<Vault, 'consolePlan'>; readonly signal: AbortSignal },
): Promise<boolean> {
  try {
    return (await vault.consolePlan(request, signal)).plan === plan;
  } catch (error) {
    if (error instanceof VaultError && error.code !== 'CANCELLED') return false;
    throw error;
  }
}

function consoleRequest(params: OpenConsoleRequest): ConsoleRequest {
  const { profile: name, destination, region, durationSeconds, consoleSeconds, noSession = false } = params;
  const { signsOutFirst = false } = params;
  const flags = { region, durationSeconds };
  return { profile: name, path: destination, flags, consoleSeconds, noSession, signsOutFirst };
}
