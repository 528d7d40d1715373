import { setTimeout as sleep } from 'node:timers/promises';
import { VaultError } from '../errors.ts';
import { type HttpAnswer, type HttpRequest, type Route, send } from './connection.ts';

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 100;
const THROTTLED = 429;
/** What the network may do differently a moment later; the SDK tries again for the same. */
const PASSING = [
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
];

/**
 * An exchange outside the SDK with up to three attempts, as the SDK's calls have, and growing pauses between them: where the
 * other side is busy or broken, or the network fails in a way that may pass. For requests that may be made twice.
 * @throws VaultError as `send` does
 */
export async function sendRepeatedly(request: HttpRequest, route: Route): Promise<HttpAnswer> {
  return repeatedly(() => send(request, route), route.signal);
}

/** The same for any way of sending. */
export async function repeatedly(attempt: () => Promise<HttpAnswer>, signal: AbortSignal): Promise<HttpAnswer> {
  for (let count = 1; ; count += 1) {
    const outcome = await attempt().catch((error: unknown) => ({ error }));
    const isLast = count === ATTEMPTS || signal.aborted;
    if ('error' in outcome) {
      if (isLast || !isPassing(outcome.error)) throw outcome.error;
    } else if (isLast || (outcome.statusCode < 500 && outcome.statusCode !== THROTTLED)) return outcome;
    // Not all at the same moment, when many were refused at the same moment.
    await sleep(FIRST_PAUSE_MS * 2 ** (count - 1) * (0.5 + Math.random()), undefined, { signal });
  }
}

function isPassing(error: unknown): boolean {
  const cause = error instanceof VaultError && error.code === 'AWS_UNREACHABLE' ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && PASSING.includes(String(cause.code));
}
