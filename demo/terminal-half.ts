import type { RecordedCall } from '../test/fake-aws/state.ts';
import type { Cast } from './cast.ts';
import { block, command, more, output, pairs, say, shownPath, step } from './print.ts';
import { type Finished, REPO, type RunOptions, type Stage } from './stage.ts';

/** Keys into the vault, short-lived credentials out of it. */
export async function terminalHalf(stage: Stage, cast: Cast): Promise<void> {
  const whoAmI = await identityCommand(stage);
  showCast(stage, cast);
  await addKeys(stage, cast);
  await useAsUser(stage, cast, whoAmI);
  await useAsRole(stage, whoAmI);
  await useAgain(stage);
}

/** Runs `keyturn` and shows the command and what it said; lines of the command are joined by a backslash on screen. */
export async function show(stage: Stage, lines: readonly string[], options?: RunOptions): Promise<Finished> {
  command(lines.map((line, at) => (at === 0 ? `keyturn ${line}` : line)));
  const ended = await stage.keyturn(lines.join(' ').split(' '), options);
  output(readable(stage, ended.stdout + ended.stderr));
  if (ended.status !== 0) throw new Error(`keyturn ended with status ${ended.status}`);
  return ended;
}

function readable({ home }: Stage, text: string): string {
  return text.replaceAll(home, '~');
}

function showCast({ aws, home }: Stage, { config }: Cast): void {
  step('The stage');
  pairs({
    sandbox: `${aws.url}, AWS for this demo`,
    '~': `${home}, the throwaway home`,
    keyturn: `${shownPath(`${REPO}/dist/keyturn`)}, run for real: the output below is its own`,
  });
  say(
    `Ada has a user at work, who may become admin of the production account, and a user at a client, where she is an
    auditor. Both roles want an MFA code. Her ~/.aws/config:`,
  );
  block(config);
}

async function addKeys(stage: Stage, { keys }: Cast): Promise<void> {
  step('Keep the keys in the vault');
  say(
    `Each access key is read from the environment once and from then on kept encrypted. (Without --env Keyturn asks for
    it.)`,
  );
  for (const profile of ['work', 'client'] as const) {
    const { accessKeyId, secretAccessKey } = keys[profile];
    command([`export AWS_ACCESS_KEY_ID=${accessKeyId.slice(0, 4)}...${accessKeyId.slice(-4)}`]);
    more([`export AWS_SECRET_ACCESS_KEY=${secretAccessKey.slice(0, 4)}...`]);
    more([`keyturn add --env ${profile}`]);
    const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const { status, stdout, stderr } = await stage.keyturn(['add', '--env', profile], { env });
    output(stdout + stderr);
    if (status !== 0) throw new Error(`keyturn ended with status ${status}`);
  }
}

async function useAsUser(stage: Stage, { devices }: Cast, whoAmI: string): Promise<void> {
  step('Run a command with credentials that last an hour');
  say(
    `The key has an MFA device, so Keyturn would ask for a code. Here it is read off the sandbox's device and given with
    --mfa-token.`,
  );
  const code = devices.work.freshCode();
  const { calls } = await show(stage, [`exec --mfa-token ${code} work --`, whoAmI]);
  sayCalls(calls);
}

async function useAsRole(stage: Stage, whoAmI: string): Promise<void> {
  step('Become a role: no second code');
  say('The role wants MFA as well. The session of a moment ago carries it.');
  const { calls } = await show(stage, ['exec production --', whoAmI]);
  sayCalls(calls);
}

async function useAgain(stage: Stage): Promise<void> {
  step('Once more: out of the vault');
  const { calls, ms } = await show(stage, ['exec production -- printenv AWS_VAULT AWS_CREDENTIAL_EXPIRATION']);
  const asked = calls.length === 0 ? 'not one call to AWS' : `calls to AWS: ${calls.length}`;
  say(`That took ${Math.round(ms)} ms from start to end and ${asked}. What the vault holds now:`);
  await show(stage, ['list']);
}

const IDENTITY = 'GetCallerIdentity';

/** Who asked the sandbox for what: the program that was run asks who it is, everything else is Keyturn's. */
function sayCalls(calls: readonly RecordedCall[]): void {
  const own = calls.filter(({ operation }) => operation !== IDENTITY);
  const names = own.map(({ operation, parameters }) =>
    'TokenCode' in parameters ? `${operation} with the MFA code` : `${operation}, without a code`,
  );
  say(`Keyturn asked AWS for ${names.join(' and ')}; the command it ran asked for ${IDENTITY}.`);
}

/** The AWS CLI where there is one; the endpoint stands on its command line, because older ones read no variable for it. */
async function identityCommand({ run, aws }: Stage): Promise<string> {
  const found = await run('aws', ['--version'], { timeoutMs: 10_000 }).catch(() => undefined);
  if (found?.status !== 0) return 'node demo/who-am-i.ts';
  return `aws --endpoint-url ${aws.url} sts get-caller-identity`;
}
