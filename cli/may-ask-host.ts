import type { CommandOf } from './args.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Whether `exec` is of the kind that a host may be asked for: a program with a profile's credentials, from a
 * keyring that needs no passphrase of this process, without anything that there would be more to do or to say about.
 */
export function mayAskHost({ args, flags, origins }: CommandOf<'exec'>, env: Env): boolean {
  if (process.platform === 'win32' || env.AWS_VAULT) return false;
  if (args.profile === undefined || args.cmd === undefined || args.cmd.startsWith('-')) return false;
  if (flags.backend !== undefined && flags.backend !== 'file' && flags.backend !== 'secret-service') return false;
  // Who has the passphrase opens the vault as quickly.
  if (env.AWS_VAULT_FILE_PASSPHRASE !== undefined && flags.backend !== 'secret-service') return false;
  const { debug, json, server, ecsServer, ec2Server, lazy, profileEnv } = flags;
  if (debug || json || server || ecsServer || ec2Server || lazy || profileEnv) return false;
  return !Object.entries(origins).some(([key, origin]) => origin.type === 'flag' && !KNOWN.includes(key));
}

/** What may be typed beside. */
const KNOWN = ['backend', 'fileDir', 'region', 'duration', 'noSession'];
