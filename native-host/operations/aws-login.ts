import { type AwsLoginOptions as EngineOptions, awsLogin as login } from '../engine/aws-login.ts';
import { VaultError } from '../errors.ts';
import type { VaultAccess } from '../vault-access.ts';

/** `show` is described at the engine's AwsLoginOptions. */
export type AwsLoginOptions = Pick<EngineOptions, 'show' | 'onWait'> & { readonly signal: AbortSignal };

/**
 * Has a person log in for a profile with a `login_session`, unless there is a login already.
 * @throws VaultError CONFIG_INVALID for a profile without one; else as the engine's awsLogin
 */
export async function awsLogin(access: VaultAccess, name: string, { signal, ...how }: AwsLoginOptions): Promise<void> {
  const config = await access.config();
  const profile = access.chainOptions(config, new Set(), { profile: name, flags: {} }).resolve(name, false);
  const { loginSession } = profile;
  if (loginSession === undefined) {
    const message = `profile ${JSON.stringify(name)} has no login_session; 'aws login --profile ${name}' writes one`;
    throw new VaultError('CONFIG_INVALID', message, { details: { profile: name } });
  }
  await access.withKeyring((keyring) =>
    login(profile, loginSession, { ...how, context: access.context(keyring, signal), locks: access.locks }),
  );
}
