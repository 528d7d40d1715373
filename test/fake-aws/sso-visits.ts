import { randomBytes } from 'node:crypto';
import type { Request } from './request.ts';
import type { SsoInstance } from './sso-state.ts';
import type { State } from './state.ts';

const COOKIE = 'sandbox-sso-person';

/**
 * Keeps who came to a page of IAM Identity Center: whoever has this host's cookie has been here before. Answers the header that gives the
 * cookie to a newcomer.
 */
export function noteVisit(state: State, { headers }: Request, { startUrl }: SsoInstance): { 'set-cookie'?: string } {
  const cookies = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const known = cookies.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
  const person = known ?? randomBytes(12).toString('hex');
  state.sso.visits.push({ startUrl, person });
  return known === undefined ? { 'set-cookie': `${COOKIE}=${person}; Path=/; HttpOnly; SameSite=Lax` } : {};
}
