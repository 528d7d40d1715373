import { loginCredentials } from '../aws/login-credentials.ts';
import type { ResolvedProfile } from '../aws/profile.ts';
import type { SigninOptions } from '../aws/signin-oauth.ts';
import { VaultError } from '../errors.ts';
import type { Context } from './context.ts';
import type { Source } from './credentials.ts';
import { loginExpiry } from './login-cache.ts';
import { serviceReach } from './service-options.ts';

/** The lock of everybody who renews a login, or makes it. */
export function loginLock(loginSession: string): string {
  return `login:${loginSession}`;
}

/** How AWS Sign-In is reached for a profile. */
export function signinReach(profile: ResolvedProfile, context: Context): SigninOptions {
  const { usesLegacySts: _sts, ...reach } = serviceReach(profile, context);
  return reach;
}

/**
 * The credentials of a console session that a person has logged in with, by `aws login` or by Keyturn. AWS's tools keep it in a
 * file, and it stays there: it is theirs too.
 * @throws VaultError LOGIN_REQUIRED (log in and repeat: ask.ts), AWS_*, CONFIG_INVALID
 */
export const loginSession: Source<'login-session'> = async (step, { context, locks, onWait }) => {
  const { profile } = step;
  if (loginExpiry(step.loginSession, context.env) === undefined)
    throw loginRequired(profile.name, 'there is none here');
  const { signal } = context;
  const lock = loginLock(step.loginSession);
  const release = await locks.acquire(lock, { signal, ...(onWait && { onWait }) });
  try {
    return await loginCredentials(signinReach(profile, context), step.loginSession);
  } catch (error) {
    if (!(error instanceof VaultError) || error.code !== 'LOGIN_REQUIRED') throw error;
    context.log(error.message);
    throw loginRequired(profile.name, error.message);
  } finally {
    release();
  }
};

/** Only a person can go on. `reason`: why the login that there is does not do. */
function loginRequired(profile: string, reason: string): VaultError {
  const message = `profile ${JSON.stringify(profile)} needs a login with console credentials, and ${reason}; run 'aws login --profile ${profile}', or 'keyturn exec ${profile}' in a terminal`;
  return new VaultError('LOGIN_REQUIRED', message, { details: { profile } });
}
