import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Where Node looks for a program inside its own file. @see https://nodejs.org/api/single-executable-applications.html */
const RESOURCE = 'NODE_SEA_BLOB';
const SENTINEL_FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const POSTJECT = 'node_modules/postject/dist/cli.js';
/** The same program in the same Node is the same file; putting it in takes longer than the rest of the build. */
const CACHE = 'node_modules/.cache/keyturn-executable';

export type Executable = {
  /** The program, as one CommonJS file. */
  readonly main: string;
  /** Node's flags, for every start. */
  readonly flags: readonly string[];
};

/**
 * Node itself with a program in it, as `target`. It starts 4 ms earlier than a script that starts Node, and what the
 * environment says to Node (NODE_OPTIONS: an editor that debugs every Node process) is not heard.
 */
export function writeExecutable(target: string, { main, flags }: Executable): void {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'keyturn-executable-'));
  try {
    const blob = programBlob(scratch, { main, flags });
    const key = createHash('sha256')
      .update(process.version)
      .update(process.arch)
      .update(fs.readFileSync(blob))
      .digest('hex');
    const cached = path.join(CACHE, key);
    if (!fs.existsSync(cached)) makeExecutable(cached, blob);
    placeFile(cached, target);
  } finally {
    fs.rmSync(scratch, { recursive: true });
  }
}

/** The file that Node makes of the program. */
function programBlob(scratch: string, { main, flags }: Executable): string {
  const [config, output] = [path.join(scratch, 'config.json'), path.join(scratch, 'blob')];
  const options = { disableExperimentalSEAWarning: true, execArgv: flags, execArgvExtension: 'none' };
  fs.writeFileSync(config, JSON.stringify({ main: path.resolve(main), output, ...options }));
  run(['--experimental-sea-config', config]);
  return output;
}

/** What it prints is for the reader of an error: postject warns of a section that Node's file does not have. */
function run(args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`node ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
}

/** Under its name only when it is whole: a build may be stopped. */
function makeExecutable(file: string, blob: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const [unfinished, whole] = [`${file}.${process.pid}`, `${file}.${process.pid}.whole`];
  try {
    fs.copyFileSync(fs.realpathSync(process.execPath), unfinished);
    fs.chmodSync(unfinished, 0o755);
    run([POSTJECT, unfinished, RESOURCE, blob, '--sentinel-fuse', SENTINEL_FUSE]);
    // Written once more in one go: it then lies in memory in larger pieces, and starts 2 ms earlier, until the machine drops it.
    fs.copyFileSync(unfinished, whole);
    fs.renameSync(whole, file);
  } finally {
    for (const scratch of [unfinished, whole]) fs.rmSync(scratch, { force: true });
  }
}

/** A second name of a file, else a copy: another file system, or one without hard links, costs 120 MB more on the disk. */
export function placeFile(source: string, target: string): void {
  fs.rmSync(target, { force: true });
  try {
    fs.linkSync(source, target);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    fs.copyFileSync(source, target);
    fs.chmodSync(target, 0o755);
  }
}
