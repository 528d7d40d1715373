import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pollForToken } from '../../../native-host/engine/sso-poll.ts';
import { type ErrorCode, VaultError } from '../../../native-host/errors.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const refusal = (awsCode: string, code: ErrorCode = 'AWS_REJECTED'): VaultError =>
  new VaultError(code, awsCode, { details: { awsCode } });
const away = new VaultError('AWS_UNREACHABLE', 'no network');

/** Polls against a service that answers so, one answer after the other, and then with a token. */
async function poll(answers: readonly Error[], { expiresInSeconds = 600, signal = new AbortController().signal } = {}) {
  const left = [...answers];
  const startedAt = Date.now();
  const times: number[] = [];
  const attempt = async (): Promise<string> => {
    times.push((Date.now() - startedAt) / 1000);
    const answer = left.shift();
    if (answer !== undefined) throw answer;
    return 'token';
  };
  const polling = pollForToken(attempt, { intervalSeconds: 2, expiresInSeconds, now: () => new Date(), signal });
  const outcome = polling.catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(700_000);
  return { outcome: await outcome, times };
}

describe('polling for the token of a device code', () => {
  it('waits the interval before every try, the first too', async () => {
    const pending = refusal('AuthorizationPendingException');
    expect(await poll([pending, pending])).toEqual({ outcome: 'token', times: [2, 4, 6] });
  });

  it('slows down by 5 s for good each time it is told to', async () => {
    const slowDown = refusal('SlowDownException');
    const pending = refusal('AuthorizationPendingException');
    expect((await poll([slowDown, pending, slowDown])).times).toEqual([2, 9, 16, 28]);
    expect((await poll([refusal('TooManyRequestsException', 'AWS_THROTTLED')])).times).toEqual([2, 9]);
  });

  it('goes on when the network or the service is away', async () => {
    const broken = refusal('InternalServerException', 'AWS_UNREACHABLE');
    expect(await poll([away, broken, away])).toMatchObject({ outcome: 'token', times: [2, 4, 6, 8] });
  });

  it.each([
    ['ExpiredTokenException', 'SSO_LOGIN_EXPIRED'],
    ['AccessDeniedException', 'SSO_LOGIN_DENIED'],
    ['InvalidGrantException', 'AWS_REJECTED'],
    ['InvalidClientException', 'AWS_REJECTED'],
    ['InvalidRequestException', 'AWS_REJECTED'],
    ['UnauthorizedClientException', 'AWS_REJECTED'],
    ['UnsupportedGrantTypeException', 'AWS_REJECTED'],
    ['InvalidScopeException', 'AWS_REJECTED'],
  ])('ends at once at %s, with %s', async (awsCode, code) => {
    const { outcome, times } = await poll([refusal('AuthorizationPendingException'), refusal(awsCode)]);
    expect(outcome).toMatchObject({ code });
    expect(times).toEqual([2, 4]);
  });

  it('ends when the device code does, whatever the service says', async () => {
    const { outcome, times } = await poll(
      Array.from({ length: 99 }, () => away),
      { expiresInSeconds: 7 },
    );
    expect(outcome).toMatchObject({ code: 'SSO_LOGIN_EXPIRED' });
    expect(times).toEqual([2, 4, 6]);
  });

  it('ends when it is cancelled, in the middle of a wait', async () => {
    const stop = new AbortController();
    const reason = new VaultError('CANCELLED', 'cancelled');
    setTimeout(() => stop.abort(reason), 3000);
    const { outcome, times } = await poll([refusal('AuthorizationPendingException')], { signal: stop.signal });
    expect(outcome).toBe(reason);
    expect(times).toEqual([2]);
  });

  it('does not hide a defect', async () => {
    expect((await poll([new TypeError('oops')])).outcome).toBeInstanceOf(TypeError);
  });
});
