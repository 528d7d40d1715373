import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type FakeAws, type FakeAwsOptions, startFakeAws } from '../fake-aws/fake-aws.ts';

export const KEYTURN = path.resolve('dist/keyturn');

export type Result = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

export type RunOptions = { readonly env?: Record<string, string | undefined>; readonly cwd?: string };

/** A home directory of its own, a sandbox for AWS, and the built program in it, with nothing of the outside's environment. */
export type World = {
  readonly aws: FakeAws;
  readonly home: string;
  /** What the program and a browser are started with; a test may take variables away. */
  readonly env: { [name: string]: string };
  readonly configFile: string;
  readonly vaultDir: string;
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Result>;
  readonly start: (args: readonly string[], options?: RunOptions & Pick<SpawnOptions, 'stdio'>) => ChildProcess;
  readonly close: () => Promise<void>;
};

export async function startWorld(options: FakeAwsOptions = {}): Promise<World> {
  const aws = await startFakeAws(options);
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-home-'));
  const env: World['env'] = {
    HOME: home,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    AWS_VAULT_BACKEND: 'file',
    AWS_VAULT_FILE_PASSPHRASE: 'correct horse',
    // A guess at a test's passphrase need not cost 50 ms, nor its many items as much each.
    KEYTURN_FILE_ROUNDS: '8192',
    AWS_ENDPOINT_URL: aws.url,
    AWS_ENDPOINT_URL_SIGNIN: aws.url,
  };
  const started: ChildProcess[] = [];
  const start: World['start'] = (args, run = {}) => {
    const child = spawn(KEYTURN, args, {
      env: withoutUndefined({ ...env, ...run.env }),
      cwd: run.cwd ?? home,
      stdio: run.stdio ?? ['ignore', 'pipe', 'pipe'],
      // A session without a controlling terminal, whatever terminal the tests run in.
      detached: true,
    });
    started.push(child);
    return child;
  };
  return {
    ...{ aws, home, env, start },
    configFile: path.join(home, '.aws', 'config'),
    vaultDir: path.join(home, '.awsvault', 'keys'),
    run: (args, options) => finished(start(args, options)),
    close: async () => {
      await Promise.all(started.map(endGroup));
      await aws.close();
      await removeHome(home);
    },
  };
}

/** Kills what a test has left running, together with what that has started. */
async function endGroup(leader: ChildProcess): Promise<void> {
  const { pid, exitCode, signalCode } = leader;
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  const exit = once(leader, 'exit');
  process.kill(-pid, 'SIGKILL');
  await exit;
}

/** Removes a directory in which a browser or an agent that has just been told to end may still be writing. */
export async function removeHome(directory: string): Promise<void> {
  await fs.promises.rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** What a process printed and how it ended. */
export async function finished(child: ChildProcess): Promise<Result> {
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, ...output };
}

export function writeConfig({ configFile }: World, text: string): void {
  fs.mkdirSync(path.dirname(configFile), { recursive: true });
  fs.writeFileSync(configFile, text);
}

export type People = Awaited<ReturnType<typeof populate>>;

/** Ada, a user with an MFA device, her key in the vault, and three profiles: herself, a role with MFA, a role without. */
export async function populate(world: World) {
  const { aws } = world;
  const user = aws.addUser({ account: '111122223333', name: 'ada' });
  const key = aws.addAccessKey(user);
  const device = aws.addMfaDevice(user);
  const admin = aws.addRole({ account: '444455556666', name: 'admin', trusts: [user.arn], requireMfa: true });
  const reader = aws.addRole({ account: '777788889999', name: 'reader', trusts: [user.arn] });
  writeConfig(
    world,
    `[default]
region = eu-west-1
[profile ada]
mfa_serial = ${device.serial}
[profile admin]
source_profile = ada
role_arn = ${admin.arn}
mfa_serial = ${device.serial}
[profile reader]
source_profile = ada
role_arn = ${reader.arn}
region = us-east-2
`,
  );
  await addKey(world, 'ada', key);
  return { user, key, device, admin, reader };
}

export async function addKey(
  world: World,
  profile: string,
  key: { readonly accessKeyId: string; readonly secretAccessKey: string },
): Promise<void> {
  const env = { AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey };
  const { status, stderr } = await world.run(['add', '--env', '--no-verify', profile], { env });
  if (status !== 0) throw new Error(`add failed: ${stderr}`);
}

/** Operations the sandbox answered, in order. */
export function operations({ aws }: World): string[] {
  return aws.calls.map(({ operation }) => operation);
}

function withoutUndefined(env: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}
