import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readConfigFile } from '../../../native-host/aws/config-file.ts';
import { type ProfileFlags, type ResolvedProfile, resolveProfile } from '../../../native-host/aws/profile.ts';
import type { Setting as Found } from '../../../native-host/aws/setting-lookup.ts';
import { type ChainOptions, planChain, type Step } from '../../../native-host/engine/chain.ts';

export type Setting = {
  readonly config: string;
  readonly env?: Record<string, string>;
  readonly flags?: ProfileFlags;
  readonly stored?: readonly string[];
  readonly onSetting?: (setting: Found) => void;
};

/** A resolver over a config given as text, as the vault builds it. */
export async function resolver({
  config: text,
  env = {},
  flags = {},
  onSetting,
}: Setting): Promise<ChainOptions['resolve']> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-resolve-'));
  try {
    fs.writeFileSync(path.join(dir, 'config'), text);
    const config = await readConfigFile(path.join(dir, 'config'));
    return (name, isTarget) => resolveProfile(name, { config, env, flags, isTarget, onSetting });
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}

export async function resolved(name: string, setting: Setting, isTarget = true): Promise<ResolvedProfile> {
  return (await resolver(setting))(name, isTarget);
}

export async function plan(
  name: string,
  setting: Setting,
  options: Partial<Pick<ChainOptions, 'noSession' | 'isForConsole'>> = {},
): Promise<Step[]> {
  const { stored = [] } = setting;
  return planChain(name, { resolve: await resolver(setting), hasStoredKey: (key) => stored.includes(key), ...options });
}
