import { formatRemaining, shortDuration } from '../../native-host/duration.ts';
import type { FlagOrigin } from '../args-grammar.ts';
import type { Cli } from '../cli.ts';
import { printable } from '../output.ts';
import { alignedColumns } from '../table.ts';

export type ExplainOptions = {
  readonly profile: string;
  readonly durationSeconds: number | undefined;
  readonly noSession: boolean;
  readonly region: string | undefined;
  readonly origins: Readonly<Record<string, FlagOrigin>>;
  readonly json: boolean;
};

type Explanation = Awaited<ReturnType<Cli['vault']['explain']>>;
type Profile = Explanation['profiles'][number];
type Setting = Profile['settings'][number];
type Step = Explanation['steps'][number];

/** Prints how a profile's credentials would be got. @returns 1 when they cannot be */
export async function explain(options: ExplainOptions, cli: Cli): Promise<number> {
  const { profile, noSession, region, durationSeconds, origins, json } = options;
  const flags = { region, durationSeconds, origins };
  const explanation = await cli.vault.explain({ profile, noSession, noSessionOrigin: origins.noSession, flags });
  cli.print(json ? `${JSON.stringify(explanation, undefined, 2)}\n` : asText(explanation, cli));
  return explanation.problem === undefined ? 0 : 1;
}

function asText(explanation: Explanation, cli: Cli): string {
  const { problem, steps, mfa, profiles } = explanation;
  const parts = profiles.map((profile) => settingsText(profile, explanation, cli));
  if (problem !== undefined) parts.push(`Problem [${problem.code}]\n  ${printable(problem.message)}\n`);
  if (steps.length > 0) parts.push(`Steps\n${steps.map((step, index) => stepText(step, index, steps)).join('')}`);
  if (mfa !== undefined) parts.push(`MFA\n  ${mfaText(mfa)}\n`);
  return parts.join('\n');
}

function settingsText(profile: Profile, explanation: Explanation, cli: Cli): string {
  const role = explanation.profiles[0] === profile ? 'Profile' : 'Source profile';
  const place =
    profile.file === undefined ? 'no section in the config file' : `${inHome(profile.file, cli)}:${profile.line}`;
  const rows = profile.settings
    .filter((setting) => isShown(setting, profile, explanation))
    .map((setting) => [setting.key, shownValue(setting), originText(setting, cli)]);
  const unused = profile.unused.map(({ key, line }) => [key, '', `not used (line ${line})`]);
  return `${role} ${printable(profile.name)}  (${printable(place)})\n${alignedColumns([...rows, ...unused])}`;
}

/** A duration is worth a line where a step of the profile has it; the others are in the JSON. */
function isShown({ key, origin }: Setting, profile: Profile, { profiles, steps }: Explanation): boolean {
  if (key !== 'duration_seconds' && !/^AWS_\w+_TTL$/.test(key)) return true;
  if (key === 'AWS_MIN_TTL' || (steps.length === 0 && origin.type === 'file')) return true;
  const ofSession = profiles[0] === profile ? 'AWS_SESSION_TOKEN_TTL' : 'AWS_CHAINED_SESSION_TOKEN_TTL';
  return steps.some((step) => {
    if (step.profile !== profile.name || step.durationSeconds === undefined) return false;
    return key === (step.type === 'session-token' ? ofSession : 'duration_seconds');
  });
}

const MAX_SHOWN_LENGTH = 60;

function shownValue({ key, value }: Setting): string {
  const isSeconds = key === 'duration_seconds' || key.endsWith('_TTL');
  return isSeconds && /^\d+$/.test(value) ? shortDuration(Number(value)) : cut(value);
}

/** One long command must not push the origins of all settings out of sight. */
function cut(value: string): string {
  const chars = [...value];
  return chars.length <= MAX_SHOWN_LENGTH ? value : `${chars.slice(0, MAX_SHOWN_LENGTH - 1).join('')}…`;
}

function originText({ origin }: Setting, cli: Cli): string {
  switch (origin.type) {
    case 'flag':
      return `flag ${origin.name}`;
    case 'environment':
      return `environment ${origin.name}`;
    case 'file':
      return `${inHome(origin.file, cli)}:${origin.line}${origin.section === '' ? '' : ` [${origin.section}]`}`;
    case 'default':
      return 'built-in default';
  }
}

function inHome(file: string, { homeDir }: Cli): string {
  return file.startsWith(`${homeDir}/`) ? `~${file.slice(homeDir.length)}` : file;
}

const TITLES: { readonly [T in Step['type']]: (step: Step) => string } = {
  'stored-key': () => 'stored key',
  'session-token': () => 'GetSessionToken',
  'assume-role': ({ roleArn }) => `AssumeRole ${roleArn}`,
  'web-identity': ({ roleArn }) => `AssumeRoleWithWebIdentity ${roleArn}`,
  saml: ({ roleArn }) => `AssumeRoleWithSAML ${roleArn}`,
  'sso-role': ({ roleName, accountId }) => `IAM Identity Center role ${roleName} in ${accountId}`,
  'credential-process': ({ command }) => `credential_process: ${command}`,
  'login-session': ({ loginSession }) => `login of ${loginSession}`,
  'credential-source': ({ source }) => `credentials of ${source}`,
};

function stepText(step: Step, index: number, steps: readonly Step[]): string {
  const facts = [
    ['profile', step.profile],
    ['why', step.reason],
    ['lasts', lastsText(step)],
    ['MFA', step.mfaSerial],
    ['region', step.region],
    ['start URL', step.startUrl],
    ['token', step.tokenFile ?? (step.type === 'web-identity' ? step.command : undefined)],
    ['assertion', step.type === 'saml' ? step.command : undefined],
    ['provider', step.principalArn],
    ['session name', step.roleSessionName],
    ['external ID', step.externalId],
    ['source identity', step.sourceIdentity],
    [
      'tags',
      step.sessionTags &&
        Object.entries(step.sessionTags)
          .map((tag) => tag.join('='))
          .join(', '),
    ],
    ['transitive', step.transitiveTagKeys?.join(', ')],
    ['now', nowText(step, index, steps)],
  ];
  const rows = facts.flatMap(([name, value]) => (name === undefined || value === undefined ? [] : [[name, value]]));
  return `  ${index + 1}. ${printable(TITLES[step.type](step))}\n${alignedColumns(rows, 5)}`;
}

function lastsText({ durationSeconds, cappedFromSeconds }: Step): string | undefined {
  if (durationSeconds === undefined) return undefined;
  const lasts = shortDuration(durationSeconds);
  if (cappedFromSeconds === undefined) return lasts;
  return `${lasts}, not the ${shortDuration(cappedFromSeconds)} asked for: AWS allows no more in a chain of roles`;
}

function nowText({ cache, isRun, type }: Step, index: number, steps: readonly Step[]): string {
  const left = cache.secondsLeft === undefined ? '' : formatRemaining(cache.secondsLeft);
  const isStart = !isRun && steps[index + 1]?.isRun !== false;
  if (isStart) return `cached, ${left} left: ${index + 1 === steps.length ? 'used as it is' : 'the run starts here'}`;
  if (cache.state === 'hit') return `cached, ${left} left, not needed`;
  if (!isRun) return 'not needed';
  if (cache.state === 'expiring') return `cached, but only ${left} left: would be made anew`;
  if (type === 'stored-key') return 'would be read from the vault';
  if (type === 'sso-role') return 'not cached: would be run, after a sign-in in the browser unless one is still good';
  if (type === 'login-session') return 'would be taken from where AWS CLI and SDKs keep it, and renewed if need be';
  return 'not cached: would be run';
}

function mfaText({ isAsked, reason, answeredBy }: NonNullable<Explanation['mfa']>): string {
  if (!isAsked) return `not asked for: ${printable(reason)}`;
  return `${answeredBy === 'mfa_process' ? 'answered by mfa_process' : 'asked for'}: ${printable(reason)}`;
}
