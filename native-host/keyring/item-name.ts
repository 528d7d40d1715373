/**
 * Whether only a cached session or an SSO token can have this key, by the names aws-vault gives them. What a backend does
 * with that is its own: nothing here is a rule of AWS.
 */
export function isShortLived(key: string): boolean {
  return /^oidc:|^[\w.]+,[\w-]+,[\w-]*,\d+$/.test(key);
}
