import { type ConfigFile, visibleProfiles } from '../aws/config-file.ts';
import { planChain } from '../engine/chain.ts';
import { VaultError } from '../errors.ts';
import type { VaultAccess } from '../vault-access.ts';
import { type Finding, inTwo } from './finding.ts';

/**
 * Every profile that cannot be used, with the reason. `stored`: the keys the vault has; undefined where that is not known, and then
 * no profile is blamed for missing one.
 */
export async function examineConfig(access: VaultAccess, stored: ReadonlySet<string> | undefined): Promise<Finding[]> {
  const finding = { area: 'config', subject: 'config' } as const;
  let config: ConfigFile;
  try {
    config = await access.config();
  } catch (error) {
    return [{ ...finding, level: 'broken', ...inTwo(error) }];
  }
  const names = visibleProfiles(config);
  const found = names.flatMap((name) => examineProfile(name, { access, config, stored }));
  const broken = found.filter(({ level }) => level === 'broken').length;
  const profiles = names.length === 1 ? '1 profile' : `${names.length} profiles`;
  const text = `${config.path}: ${profiles}${broken > 0 ? `, of which ${broken} cannot be used` : ''}`;
  return [{ ...finding, level: names.length === 0 ? 'off' : 'ok', text }, ...found];
}

type Surroundings = {
  readonly access: VaultAccess;
  readonly config: ConfigFile;
  readonly stored: ReadonlySet<string> | undefined;
};

function examineProfile(name: string, { access, config, stored }: Surroundings): Finding[] {
  const chain = access.chainOptions(config, stored ?? new Set(), { profile: name, flags: {} });
  try {
    planChain(name, chain);
    return [];
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    const isWithoutKey = error.code === 'CREDENTIALS_NOT_FOUND';
    // Whether the vault has its key is not known; and a section that others are made of needs none.
    if (isWithoutKey && (stored === undefined || name === 'default' || isIncluded(name, config))) return [];
    if (stored === undefined && error.code === 'PROFILE_NOT_FOUND') return [];
    return [{ area: 'config', subject: name, level: isWithoutKey ? 'note' : 'broken', ...inTwo(error) }];
  }
}

function isIncluded(name: string, { profiles }: ConfigFile): boolean {
  return [...profiles.values()].some(({ values }) => values.get('include_profile') === name);
}
