import { VaultError } from '../native-host/errors.ts';
import { type FlagOrigin, flagName } from './args-grammar.ts';
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
type Given = { readonly flags: Flags; readonly origins: Origins };

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
  const refuse = (flag: string, other: string): VaultError => conflict(flag, other, { flags, origins });
  if (ec2Server && isEcs) throw refuse('--ec2-server', '--ecs-server');
  const server = ec2Server ? '--ec2-server' : isEcs ? '--ecs-server' : undefined;
  if (server !== undefined) {
    if (json) throw refuse(server, '--json');
    if (noSession) throw refuse(server, '--no-session');
    const isTyped = SERVERS.some((key) => origins[key]?.type === 'flag');
    // A server that was asked for just now comes before a setting for every run.
    if (flags.profileEnv && !(isTyped && origins.profileEnv?.type !== 'flag')) throw refuse(server, '--profile-env');
  }
  for (const [key, servers] of Object.entries(NEEDS)) {
    const origin = origins[key];
    if (origin?.type !== 'flag' || (server !== undefined && servers.includes(server))) continue;
    if (key === 'lazy' && !flags.lazy) continue;
    throw usageError(`flag '${origin.name}' does nothing without ${servers.join(' or ')}`, origin.name.slice(2));
  }
}

const SERVERS = ['server', 'ecsServer', 'ec2Server'] as const;

/** In aws-vault's words, and then where those of the flags are set that nobody has typed. */
function conflict(flag: string, other: string, { flags, origins }: Given): VaultError {
  const set = ([...SERVERS, 'noSession', 'profileEnv'] as const).filter((key) => flags[key]);
  const elsewhere = set.flatMap((key) => setElsewhere(key, origins[key]));
  const why = elsewhere.length === 0 ? '' : ` (${elsewhere.join('; ')})`;
  return new VaultError('USAGE', `Can't use ${flag} with ${other}${why}`, { details: { flag: flag.slice(2) } });
}

function setElsewhere(key: string, origin: FlagOrigin | undefined): string[] {
  const name = flagName(key);
  if (origin?.type === 'environment') return [`${name} is set by $${origin.name}; --no-${name} undoes it`];
  return origin?.type === 'file' ? [`${name} is set in ${origin.file}:${origin.line}; --no-${name} undoes it`] : [];
}
