import type { Env } from '../aws/profile.ts';
import { VaultError } from '../errors.ts';
import type { Step } from './chain.ts';

/**
 * The profiles for whose credentials, or MFA code, a program is being run, outermost first, one per line with the config file it is in: a line
 * break is what no profile's name can have. Every program that a profile's config runs inherits it, through whatever other
 * programs lie in between.
 */
const VARIABLE = 'KEYTURN_RESOLVING';

/** The environment of a program that `profile`'s config runs to get its credentials or an MFA code. */
export function resolvingEnvironment(profile: string, env: Env): Env {
  return { ...env, [VARIABLE]: [...beingResolved(env), entryOf(profile, env)].join('\n') };
}

/**
 * Refuses to run a step's program, or to ask for its MFA code, when this process was itself started, however many programs ago,
 * for that profile: it would start processes without end, or wait for the one that waits for it. To be called before a lock is taken, because the process that waits for
 * this one's answer holds it.
 * @throws VaultError PROFILE_LOOP
 */
export function refuseCircle(step: Step, env: Env): void {
  const setting = programOf(step);
  const { name } = step.profile;
  const outer = beingResolved(env);
  const start = outer.indexOf(entryOf(name, env));
  if (setting === undefined || start < 0) return;
  const circle = [...outer.slice(start).map(nameIn), name].join(' -> ');
  const program = setting === 'mfa_process' ? `${setting} for the MFA code` : setting;
  const message = `the ${program} of profile ${JSON.stringify(name)} asks for credentials of the same profile (${circle}); ${WAYS_OUT[setting]} (where none is running, unset ${VARIABLE})`;
  throw new VaultError('PROFILE_LOOP', message, { details: { profile: name } });
}

type Setting = 'credential_process' | 'web_identity_token_process' | 'saml_process' | 'mfa_process';

const ANOTHER = "store its key with 'keyturn add', or let it run another program";
const WAYS_OUT: { readonly [S in Setting]: string } = {
  credential_process: ANOTHER,
  web_identity_token_process: ANOTHER,
  saml_process: ANOTHER,
  mfa_process: 'let it run a program that gives the code without them',
};

function programOf(step: Step): Setting | undefined {
  if ('mfaSerial' in step && step.mfaSerial !== undefined) return 'mfa_process';
  if (step.type === 'credential-process') return 'credential_process';
  if (step.type === 'saml') return 'saml_process';
  return step.type === 'web-identity' && 'process' in step.token ? 'web_identity_token_process' : undefined;
}

/** A profile of the same name in another config file is another one. */
function entryOf(profile: string, env: Env): string {
  return `${env.AWS_CONFIG_FILE ?? ''}\t${profile}`;
}

function nameIn(entry: string): string {
  return entry.slice(entry.indexOf('\t') + 1);
}

function beingResolved(env: Env): readonly string[] {
  return (env[VARIABLE] ?? '').split('\n').filter((entry) => entry !== '');
}
