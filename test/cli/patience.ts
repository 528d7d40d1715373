/** Less than a test may take, so that it can say itself what did not come. */
const PATIENCE_MS = 45_000;

/** What `promise` resolves to, or after a time that no machine needs, a failure that tells what `missing` says. */
export async function patiently<T>(promise: Promise<T>, missing: () => string): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`waited in vain: ${missing()}`)), PATIENCE_MS);
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
