import { VaultError } from '../native-host/errors.ts';
import type { FlagOrigin } from './args-grammar.ts';
import { usageError } from './args-tokens.ts';

type Flags = {
  readonly server: boolean;
  readonly ecsServer: boolean;
  readonly ec2Server: boolean;
  readonly json: boolean;
  readonly noSession: boolean;
  readonly profileEnv: boolean;
  readonly lazy: boolean;
};
type Origins = Readonly<Record<string, FlagOrigin>>;

/** Flags of a server, and the servers that know them. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  lazy: ['--ecs-server', '--ec2-server'],
  allowRole: ['--ecs-server'],
  ecsListen: ['--ecs-server'],
  ecsUri: ['--ecs-server'],
  ec2HttpTokens: ['--ec2-server'],
};

/**
 * Refuses flags of `exec` that exclude each other, in aws-vault's order and words, and typed ones that would do nothing. What a
 * variable or the settings file says is for whichever run it concerns.
 * @throws VaultError USAGE
 */
export function checkServerFlags(flags: Flags, origins: Origins): void {
  const { ec2Server, json, noSession } = flags;
  const isEcs = flags.server || flags.ecsServer;
  if (ec2Server && isEcs) throw conflict('--ec2-server', '--ecs-server');
  const server = ec2Server ? '--ec2-server' : isEcs ? '--ecs-server' : undefined;
  if (server !== undefined) {
    if (json) throw conflict(server, '--json');
    if (noSession) throw conflict(server, '--no-session');
    const isTyped = ['server', 'ecsServer', 'ec2Server'].some((key) => origins[key]?.type === 'flag');
    // A server that was asked for just now comes before a setting for every run.
    if (flags.profileEnv && !(isTyped && origins.profileEnv?.type !== 'flag')) throw conflict(server, '--profile-env');
  }
  for (const [key, servers] of Object.entries(NEEDS)) {
    const origin = origins[key];
    if (origin?.type !== 'flag' || (server !== undefined && servers.includes(server))) continue;
    if (key === 'lazy' && !flags.lazy) continue;
    throw usageError(`flag '${origin.name}' does nothing without ${servers.join(' or ')}`, origin.name.slice(2));
  }
}

function conflict(flag: string, other: string): VaultError {
  return new VaultError('USAGE', `Can't use ${flag} with ${other}`, { details: { flag: flag.slice(2) } });
}
