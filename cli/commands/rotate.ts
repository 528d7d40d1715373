import { asVaultError, VaultError } from '../../native-host/errors.ts';
import type { RotateKeyRequest, RotationPlan } from '../../native-host/operations/rotate-key.ts';
import { usageError } from '../args-tokens.ts';
import type { Cli } from '../cli.ts';
import { formatAge } from '../key-age.ts';
import { keyTarget, type Target, targetText } from '../target-profile.ts';

export type RotateOptions = {
  readonly profile: string | undefined;
  readonly all: boolean;
  readonly noSession: boolean;
  readonly mfaToken: string | undefined;
  readonly olderThanSeconds: number | undefined;
  readonly dryRun: boolean;
};

/** `same`: it is stored under several names, and is done. */
type Outcome = 'rotated' | 'too-young' | 'would-rotate' | 'same';
type Event = Parameters<RotateKeyRequest['report']>[0];

/**
 * Replaces one stored key, or with `--all` every one, in aws-vault's words.
 * @returns 1 when one of several keys failed
 * @throws VaultError USAGE, CANCELLED and, for a single key, whatever its rotation throws
 */
export async function rotate(options: RotateOptions, cli: Cli): Promise<number> {
  const { profile, all } = options;
  if (!all) {
    await rotateOne(await keyTarget(profile, cli), options, { cli, done: new Set() });
    return 0;
  }
  if (profile !== undefined) throw usageError(`--all rotates every key; leave out ${profile} or --all`);
  if (options.mfaToken !== undefined)
    throw usageError("an MFA code is good for one key only; --mfa-token can't go with --all");
  return rotateAll(options, cli);
}

async function rotateAll(options: RotateOptions, cli: Cli): Promise<number> {
  const { storedKeys } = await cli.vault.inventory();
  const counts: { [outcome in Outcome]: number } = { rotated: 0, 'too-young': 0, 'would-rotate': 0, same: 0 };
  const failed: string[] = [];
  // One that is stored under two names is not rotated twice.
  const done = new Set<string>();
  for (const profile of storedKeys) {
    try {
      counts[await rotateOne({ profile }, options, { cli, done })] += 1;
    } catch (thrown) {
      const error = asVaultError(thrown);
      if (error.code === 'CANCELLED') throw error;
      failed.push(profile);
      cli.say(`${cli.programName}: error: rotate: ${profile}: ${error.message} [${error.code}]`);
    }
  }
  cli.print(summary(options, counts, failed));
  return failed.length === 0 ? 0 : 1;
}

function summary(
  { dryRun }: RotateOptions,
  counts: { readonly [outcome in Outcome]: number },
  failed: readonly string[],
): string {
  const keys = (count: number): string => `${count} key${count === 1 ? '' : 's'}`;
  const parts = [
    dryRun ? `Would rotate ${keys(counts['would-rotate'])}` : `Rotated ${keys(counts.rotated)}`,
    ...(counts['too-young'] > 0 ? [`left ${keys(counts['too-young'])} as young enough`] : []),
    ...(failed.length > 0 ? [`failed with ${keys(failed.length)}: ${failed.join(', ')}`] : []),
  ];
  return `${parts.join('; ')}\n`;
}

/** `done`: access key IDs that this run has made, or would replace. */
type Run = { readonly cli: Cli; readonly done: Set<string> };

async function rotateOne(target: Target, options: RotateOptions, { cli, done }: Run): Promise<Outcome> {
  const { profile } = target;
  const { noSession, mfaToken, olderThanSeconds: minAgeSeconds, dryRun } = options;
  const plan = await cli.ask(() => cli.vault.keys.inspectKey(profile, cli.signal), { profile });
  if (done.has(plan.accessKeyId)) {
    cli.print(`The key of profile '${profile}' is one of those above\n`);
    return 'same';
  }
  if (plan.stage === undefined && isTooYoung(plan, minAgeSeconds)) return tooYoung(plan, cli);
  if (dryRun) {
    done.add(plan.accessKeyId);
    cli.print(whatWouldBeDone(plan, options));
    return 'would-rotate';
  }
  await confirmTarget(target, plan, cli);
  const { master } = plan;
  const how = plan.mfa === undefined || noSession ? 'master credentials' : `a session from profile '${profile}'`;
  cli.print(`Rotating credentials stored for profile '${master}' using ${how} (takes 10-20 seconds)\n`);
  const report = reporter(cli);
  const request = { plan, noSession, report, ...(plan.stage === undefined && { minAgeSeconds }) };
  const result = await cli.ask((call) => cli.vault.keys.rotate(request, call), { profile, mfaToken });
  if (result.outcome === 'too-young') return tooYoung({ ...plan, createdAt: result.createdAt }, cli);
  done.add(result.accessKeyId);
  cli.print('Finished rotating access key\n');
  return 'rotated';
}

/** Says which key is meant where nobody has typed its name, and asks whoever is there. @throws VaultError CANCELLED */
async function confirmTarget(target: Target, { master }: RotationPlan, cli: Cli): Promise<void> {
  if (target.namedBy === undefined) return;
  const owner = master === target.profile ? '' : `, which is stored for profile ${JSON.stringify(master)}`;
  const key = `the key of ${targetText(target)}${owner}`;
  const { confirm, hasTerminal } = await import('../ask/terminal.ts');
  if (!hasTerminal()) return cli.say(`${cli.programName}: rotating ${key}`);
  if (await confirm({ message: `Rotate ${key}? (y|N) `, signal: cli.signal })) return;
  throw new VaultError('CANCELLED', 'cancelled; nothing was changed');
}

function isTooYoung({ createdAt }: RotationPlan, minAgeSeconds: number | undefined): boolean {
  if (minAgeSeconds === undefined || createdAt === undefined) return false;
  return Date.now() - createdAt.getTime() < minAgeSeconds * 1000;
}

function tooYoung({ master, createdAt }: RotationPlan, cli: Cli): Outcome {
  const age = createdAt === undefined ? 'new' : `${formatAge(createdAt)} old`;
  cli.print(`The key of profile '${master}' is ${age} and stays\n`);
  return 'too-young';
}

function whatWouldBeDone(plan: RotationPlan, { noSession, olderThanSeconds }: RotateOptions): string {
  const { master, accessKeyId, identity, userName, createdAt, keys, mfa, stage } = plan;
  const lines = [
    `Would rotate the key stored for profile '${master}': ${masked(accessKeyId)} of ${userName ?? 'root'} in account ${identity.accountId}`,
    createdAt !== undefined ? `made by AWS ${formatAge(createdAt)} ago` : ageUnknown(plan, olderThanSeconds),
    codeNeeded(noSession ? undefined : mfa),
    ...(stage === undefined ? [] : ['a rotation that was interrupted will be finished or undone first']),
    ...(stage === undefined && (keys?.length ?? 0) > 1
      ? [`AWS would refuse: the user has two keys already (${keys?.map((key) => masked(key.accessKeyId)).join(', ')})`]
      : []),
  ];
  return `${lines.join('\n  ')}\n`;
}

function codeNeeded(mfa: RotationPlan['mfa']): string {
  if (mfa === undefined) return 'no MFA code will be asked for';
  return `an MFA code of ${mfa.serial} will ${mfa.hasProcess ? 'come from mfa_process' : 'be asked for'}`;
}

function ageUnknown({ mfa }: RotationPlan, olderThanSeconds: number | undefined): string {
  if (mfa === undefined) return 'its age is not known without iam:ListAccessKeys, which --older-than needs';
  const stays = olderThanSeconds === undefined ? '' : ', and it stays if it is younger than --older-than';
  return `its age is told only with MFA${stays}`;
}

/** What aws-vault prints as it goes, and what it never had to say. */
function reporter({ print, say, programName }: Cli): (event: Event) => void {
  const told = new Set<string>();
  return (event) => {
    const line = lineOf(event);
    // An attempt is repeated with the code that it has turned out to need.
    const isKnown =
      (event.type === 'not-allowed' || event.type === 'resuming' || event.type === 'left-in-plain-text') &&
      told.has(line);
    told.add(line);
    if (isKnown) return;
    if (ASIDE.has(event.type)) say(`${programName}: ${line}`);
    else print(`${line}\n`);
  };
}

/** What is no part of aws-vault's report. */
const ASIDE: ReadonlySet<Event['type']> = new Set(['not-allowed', 'left-in-plain-text', 'stopping']);

function lineOf(event: Event): string {
  switch (event.type) {
    case 'resuming':
      return RESUMING[event.stage];
    case 'unused-key-deleted':
      return `Deleted access key ${masked(event.accessKeyId)}, which nobody could use`;
    case 'creating':
      return 'Creating a new access key';
    case 'stopping':
      return 'stopping as soon as AWS has answered: the answer is the only copy of the new key';
    case 'created':
      return `Created new access key ${masked(event.accessKeyId)}`;
    case 'copy-replaced':
      return `Replaced the same key of profile '${event.profile}'`;
    case 'sessions-deleted':
      return `Deleted ${event.count} sessions for ${event.profile}`;
    case 'left-in-plain-text':
      return `the old key also lies in plain text in ${event.file} (profile '${event.profile}', line${event.lines.length === 1 ? '' : 's'} ${event.lines.join(' and ')}): it works no longer, remove it there`;
    case 'deleting':
      return `Deleting old access key ${masked(event.accessKeyId)}`;
    case 'deleted':
      return `Deleted old access key ${masked(event.accessKeyId)}`;
    case 'not-allowed':
      return `without permission for ${event.action}, ${event.consequence}`;
  }
}

const RESUMING = {
  creating: 'A rotation was interrupted while a key was made: looking for one that is left over',
  pending: 'A rotation was interrupted after the new key was stored: finishing it',
  retiring: 'A rotation was interrupted before the old key was deleted: finishing it',
} as const;

/** As aws-vault shows a key: its last four characters. */
function masked(accessKeyId: string): string {
  return `****************${accessKeyId.slice(-4)}`;
}
