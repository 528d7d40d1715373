import { VaultError } from '../errors.ts';
import { pause } from './pause.ts';

export type PollOptions = {
  /** How long to wait between two tries, as the service said. */
  readonly intervalSeconds: number;
  /** How long the device code is good for. */
  readonly expiresInSeconds: number;
  readonly now: () => Date;
  readonly signal: AbortSignal;
};

const SLOW_DOWN_SECONDS = 5;

/**
 * Repeats `attempt` until the person has allowed the device code. What passes by itself is waited out: a pending answer, a
 * network that is away for a moment, a service that has a problem.
 * @throws VaultError SSO_LOGIN_DENIED, SSO_LOGIN_EXPIRED, CANCELLED, and what else the service says
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.5
 */
export async function pollForToken<T>(attempt: () => Promise<T>, options: PollOptions): Promise<T> {
  const { signal, now } = options;
  const deadline = now().getTime() + options.expiresInSeconds * 1000;
  let intervalSeconds = options.intervalSeconds;
  for (;;) {
    if (now().getTime() + intervalSeconds * 1000 > deadline) throw loginExpired(options.expiresInSeconds);
    await pause(intervalSeconds * 1000, signal);
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      const meaning = meaningOf(error);
      if (meaning === 'expired') throw loginExpired(options.expiresInSeconds);
      if (meaning === 'denied') throw loginDenied();
      if (meaning === 'final') throw error;
      if (meaning === 'slow-down') intervalSeconds += SLOW_DOWN_SECONDS;
    }
  }
}

type Meaning = 'again' | 'slow-down' | 'expired' | 'denied' | 'final';

const ANSWERS: Readonly<Record<string, Meaning>> = {
  AuthorizationPendingException: 'again',
  SlowDownException: 'slow-down',
  ExpiredTokenException: 'expired',
  AccessDeniedException: 'denied',
};

function meaningOf({ code, details }: VaultError): Meaning {
  if (code === 'AWS_THROTTLED') return 'slow-down';
  return ANSWERS[details.awsCode ?? ''] ?? (code === 'AWS_UNREACHABLE' ? 'again' : 'final');
}

/** Nobody finished the login in time. */
export function loginExpired(seconds: number): VaultError {
  const message = `nobody finished the login to IAM Identity Center within ${Math.round(seconds / 60)} minutes; log in again`;
  return new VaultError('SSO_LOGIN_EXPIRED', message);
}

function loginDenied(): VaultError {
  const message = 'the login to IAM Identity Center was refused in the browser; log in again to go on';
  return new VaultError('SSO_LOGIN_DENIED', message);
}
