import type { Duration, ResolvedProfile } from '../aws/profile.ts';
import { shortDuration } from '../duration.ts';
import { VaultError } from '../errors.ts';

/** `plainTextFile`: where the profile's key lies unprotected, if it does. */
export function notFound(profile: string, plainTextFile: string | undefined): VaultError {
  if (plainTextFile !== undefined) return inPlainText(profile, plainTextFile);
  const message = `profile ${JSON.stringify(profile)} is neither in the AWS config file nor in the vault; see 'keyturn list', or 'keyturn add' it`;
  return new VaultError('PROFILE_NOT_FOUND', message, { details: { profile } });
}

export function sourceNotFound(
  profile: ResolvedProfile,
  source: string,
  plainTextFile: string | undefined,
): VaultError {
  if (plainTextFile !== undefined) return inPlainText(source, plainTextFile);
  const message = `profile ${JSON.stringify(profile.name)} has source_profile ${JSON.stringify(source)}, which is neither in the AWS config file nor in the vault; correct it or add that profile`;
  return new VaultError('PROFILE_NOT_FOUND', message, { details: { profile: source } });
}

export function sourceLoop(path: readonly string[]): VaultError {
  const profile = path[0] ?? '';
  const message = `the source_profile lines run in a circle: ${path.join(' -> ')}; change one of them or add a key to one of these profiles`;
  return new VaultError('PROFILE_LOOP', message, { details: { profile } });
}

export function missingCredentials({ name }: ResolvedProfile, plainTextFile: string | undefined): VaultError {
  if (plainTextFile !== undefined) return inPlainText(name, plainTextFile);
  const message = `profile ${name}: credentials missing; store its key with 'keyturn add ${name}' or name a source_profile`;
  return new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile: name } });
}

/** Settings of a source that contradict each other or are not all there. */
export function unusable({ name }: ResolvedProfile, what: string): VaultError {
  const message = `profile ${JSON.stringify(name)} cannot be used: ${what}; correct its section in the AWS config file`;
  return new VaultError('CONFIG_INVALID', message, { details: { profile: name } });
}

/** The duration, if AWS takes one from 900 s to `max`. @throws VaultError CONFIG_INVALID */
export function inRange(
  duration: Duration,
  { max, profile, what }: { readonly max: number; readonly profile: ResolvedProfile; readonly what: string },
): Duration {
  const { seconds } = duration;
  if (seconds >= 900 && seconds <= max) return duration;
  const message = `the ${what} duration of profile ${JSON.stringify(profile.name)} is ${shortDuration(seconds)}, but AWS takes 15m (900 s) to ${max / 3600}h (${max} s); change --duration, duration_seconds or the AWS_*_TTL variable`;
  throw new VaultError('CONFIG_INVALID', message, { details: { profile: profile.name } });
}

function inPlainText(profile: string, file: string): VaultError {
  const message = `profile ${JSON.stringify(profile)}: its key lies in plain text in ${file} and is not in the vault; move it there with 'keyturn add --from-file ${profile}'`;
  return new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile, file } });
}
