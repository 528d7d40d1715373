/**
 * Stands in for the SDK's default credential chain in the bundle: every client of ours is given its credentials, and code that
 * could read ~/.aws, the metadata service or the environment on its own has no business in a vault. It also halves the SDK.
 */
export function defaultProvider(): () => Promise<never> {
  return () => Promise.reject(new Error('Keyturn passes credentials to every client'));
}
