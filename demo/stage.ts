import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { finished } from '../test/cli/world.ts';
import { type FakeAws, startFakeAws } from '../test/fake-aws/fake-aws.ts';
import type { RecordedCall } from '../test/fake-aws/state.ts';
import { endProcesses, killProcesses } from './processes.ts';

export const REPO = path.resolve(import.meta.dirname, '..');
export const OUTPUT_DIR = path.join(REPO, 'demo-output');
const KEYTURN = path.join(REPO, 'dist', 'keyturn');

export type Finished = {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
  /** What the sandbox was asked meanwhile. */
  readonly calls: readonly RecordedCall[];
};

export type RunOptions = { readonly env?: Readonly<Record<string, string>>; readonly timeoutMs?: number };

/** Everything the tour needs and nothing of the person's own: a sandbox for AWS, an empty home, an environment from scratch. */
export type Stage = {
  readonly aws: FakeAws;
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  /** Aborted when the tour is over, for whatever reason: ends what was started. */
  readonly signal: AbortSignal;
  readonly run: (program: string, args: readonly string[], options?: RunOptions) => Promise<Finished>;
  readonly keyturn: (args: readonly string[], options?: RunOptions) => Promise<Finished>;
};

export type OwnedStage = Stage & { readonly close: () => Promise<void> };

export async function openStage(): Promise<OwnedStage> {
  const ending = new AbortController();
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-demo-'));
  // Whatever happens below, nothing is left behind: also when a second Ctrl-C cuts the orderly way out short.
  process.once('exit', () => {
    ending.abort();
    killProcesses(home);
    removeHome(home);
  });
  const aws = await startFakeAws();
  const env = environment(home, aws);
  const run: Stage['run'] = (program, args, options = {}) =>
    runProgram({ aws, env, signal: ending.signal }, [program, ...args], options);
  return {
    ...{ aws, home, env, run },
    signal: ending.signal,
    keyturn: (args, options) => run(KEYTURN, args, options),
    close: async () => {
      ending.abort();
      await endProcesses(home);
      await aws.close();
      removeHome(home);
    },
  };
}

/** From outside comes PATH alone, because the programs are found there. */
function environment(home: string, aws: FakeAws): Readonly<Record<string, string>> {
  const ownFolder = (name: string): string => {
    fs.mkdirSync(path.join(home, name), { mode: 0o700 });
    return path.join(home, name);
  };
  const outside = process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin';
  return {
    HOME: home,
    TMPDIR: ownFolder('tmp'),
    XDG_RUNTIME_DIR: ownFolder('run'),
    LANG: 'C.UTF-8',
    PATH: [path.dirname(process.execPath), outside].join(path.delimiter),
    AWS_VAULT_BACKEND: 'file',
    AWS_VAULT_FILE_PASSPHRASE: crypto.randomUUID(),
    AWS_ENDPOINT_URL: aws.url,
    AWS_ENDPOINT_URL_SIGNIN: aws.url,
  };
}

type Surroundings = Pick<Stage, 'aws' | 'env' | 'signal'>;

async function runProgram(
  { aws, env, signal }: Surroundings,
  [program = '', ...args]: readonly string[],
  { env: more = {}, timeoutMs = 60_000 }: RunOptions,
): Promise<Finished> {
  const earlier = aws.calls.length;
  const startedAt = performance.now();
  const child = spawn(program, args, {
    cwd: REPO,
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const ended = await finished(child);
  return { ...ended, ms: performance.now() - startedAt, calls: aws.calls.slice(earlier) };
}

/** Firefox may be writing its last while it is being ended. */
function removeHome(home: string): void {
  fs.rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
