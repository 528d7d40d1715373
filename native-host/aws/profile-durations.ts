import { parseGoDuration } from '../duration.ts';
import type { Duration, Durations, Env, ProfileFlags } from './profile.ts';
import type { Setting, SettingLookup } from './setting-lookup.ts';

const HOUR = 3600;

/**
 * How long each kind of session of a profile is to last. Whatever is not set has aws-vault's default.
 * @throws VaultError CONFIG_INVALID naming the variable, or file and line
 */
export function durationsOf(lookup: SettingLookup, { durationSeconds, origins }: ProfileFlags): Durations {
  const flag = {
    name: '--duration',
    value: durationSeconds === undefined ? undefined : String(Math.floor(durationSeconds)),
    origin: origins?.duration,
  };
  const seconds = (key: string, { isFlagged, normal }: { isFlagged: boolean; normal: number }): Duration => {
    const setting = lookup.find(key, isFlagged ? flag : undefined);
    if (isFlagged && flag.value !== undefined) return { seconds: Number(flag.value), isDefault: false };
    if (setting === undefined) lookup.byDefault(key, `${normal}`);
    return setting === undefined
      ? { seconds: normal, isDefault: true }
      : { seconds: secondsOf(setting, lookup), isDefault: false };
  };
  return {
    assumeRole: seconds('duration_seconds', { isFlagged: true, normal: HOUR }),
    sessionToken: seconds('AWS_SESSION_TOKEN_TTL', { isFlagged: true, normal: HOUR }),
    chainedSessionToken: seconds('AWS_CHAINED_SESSION_TOKEN_TTL', { isFlagged: false, normal: 8 * HOUR }),
    federationToken: seconds('AWS_FEDERATION_TOKEN_TTL', { isFlagged: true, normal: HOUR }),
  };
}

function secondsOf(setting: Setting, lookup: SettingLookup): number {
  const { value, origin } = setting;
  if (origin.type === 'environment') return Math.floor(parseGoDuration(value, origin.name));
  if (/^[0-9]{1,9}$/.test(value) && Number(value) > 0) return Number(value);
  throw lookup.invalid(setting, 'a whole number of seconds such as 3600');
}

/**
 * An AWS_*_TTL variable in Go's duration syntax, as whole seconds.
 * @throws VaultError CONFIG_INVALID naming the variable
 */
export function ttl(env: Env, variable: string): number | undefined {
  const text = env[variable];
  return text ? Math.floor(parseGoDuration(text, variable)) : undefined;
}
