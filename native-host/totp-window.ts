/** Seconds one code of an MFA device stands for: RFC 6238's default, and the only one AWS's devices have. */
export const TOTP_STEP_SECONDS = 30;

/** Milliseconds until devices show the next code. */
export function untilNextCodeMs(now: Date): number {
  const stepMs = TOTP_STEP_SECONDS * 1000;
  return stepMs - (now.getTime() % stepMs);
}

/** The same for a person, in whole seconds, at least 1. */
export function untilNextCodeSeconds(now: Date): number {
  return Math.ceil(untilNextCodeMs(now) / 1000);
}

/**
 * Waits until devices with this machine's clock show another code than at `since`; not at all where they do already.
 * @throws the reason of `signal`
 */
export async function nextCodeWindow(since: Date, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  const leftMs = since.getTime() + untilNextCodeMs(since) - Date.now();
  // A moment into the window: a timer may fire a little early.
  const timer = setTimeout(resolve, Math.max(0, leftMs) + 100);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
