import { VaultError } from '../errors.ts';
import type { ConfigFile, ConfigSection } from './config-file.ts';

/**
 * The sections a profile's settings come from, nearest first: itself, what it includes, and `[default]` once at the end.
 * @throws VaultError PROFILE_LOOP, CONFIG_INVALID
 */
export function sectionsOf(name: string, config: ConfigFile): ConfigSection[] {
  const found: ConfigSection[] = [];
  const visited = new Set<string>();
  let next: string | undefined = name;
  let isPastDefault = false;
  while (next !== undefined) {
    if (visited.has(next)) {
      // `[default] include_profile = common` leads back here from every profile that common is part of: no loop of the user's.
      if (isPastDefault) return found;
      throw loop([...visited, next], config);
    }
    visited.add(next);
    const section = config.profiles.get(next);
    if (section !== undefined) found.push(section);
    else if (next !== name && next !== 'default') throw missingInclude(name, next, config);
    const include = section?.values.get('include_profile');
    isPastDefault ||= next === 'default' || include === undefined;
    next = include ?? (visited.has('default') ? undefined : 'default');
  }
  return found;
}

function loop(path: readonly string[], config: ConfigFile): VaultError {
  const at = path.at(-1) ?? '';
  const line = config.profiles.get(at)?.keyLines.get('include_profile');
  const message = `Loop detected in config file for profile '${at}': its include_profile lines run in a circle (${path.join(' -> ')}); take one of them out of ${config.path}`;
  const details = { profile: path[0] ?? '', file: config.path, ...(line !== undefined && { line }) };
  return new VaultError('PROFILE_LOOP', message, { details });
}

function missingInclude(profile: string, include: string, config: ConfigFile): VaultError {
  const message = `profile ${JSON.stringify(profile)} includes profile ${JSON.stringify(include)}, which is not in ${config.path}; correct its include_profile`;
  return new VaultError('CONFIG_INVALID', message, { details: { profile, file: config.path } });
}
