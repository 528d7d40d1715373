import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type koffi from 'koffi';

/** What this process was started with and Node takes from it when it starts: a program in its place is to have it all the same. */
export type Inherited = {
  /** Open files beyond standard input, output and error: `<(...)` of a shell, the lock of a script. */
  readonly descriptors: readonly number[];
  /** As under nohup: the program outlives its terminal. */
  readonly isHangupIgnored: boolean;
};

type Env = Readonly<Record<string, string | undefined>>;

export const NOTHING_INHERITED: Inherited = { descriptors: [], isHangupIgnored: false };

/** To be called before this process opens anything itself. Elsewhere than on Linux nothing tells what was inherited. */
export function inherited(env: Env): Inherited {
  if (process.platform !== 'linux') return NOTHING_INHERITED;
  try {
    return { descriptors: inheritedDescriptors(), isHangupIgnored: isHangupIgnored(env) };
  } catch {
    return NOTHING_INHERITED; // no /proc here, as in some containers: the program gets what Node leaves it
  }
}

/** Node's own are event queues, and pipes of which it has both ends. */
function inheritedDescriptors(): number[] {
  const targets = new Map<number, string>();
  for (const name of readdirSync('/proc/self/fd')) {
    const target = targetOf(name);
    if (Number(name) > 2 && target !== undefined && !target.startsWith('anon_inode:'))
      targets.set(Number(name), target);
  }
  const all = [...targets.values()];
  const isOwnPipe = (target: string): boolean =>
    target.startsWith('pipe:') && all.indexOf(target) !== all.lastIndexOf(target);
  return [...targets].flatMap(([descriptor, target]) =>
    isOwnPipe(target) || !isClosedOnExec(descriptor) ? [] : [descriptor],
  );
}

/** Node does this to the first sixteen or so: those of `<(...)` in bash are beyond them, and need nothing. */
function isClosedOnExec(descriptor: number): boolean {
  const flags = /^flags:\t(?<octal>[0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.groups
    ?.octal;
  return flags === undefined || (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0;
}

/** Undefined for the one by which the directory itself was read. */
function targetOf(name: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${name}`);
  } catch {
    return undefined;
  }
}

/**
 * Node has reset the signals by now, so this looks at who had them before: nohup(1), by the variable in which shells name the
 * program they start, or a parent that ignores hangups itself, such as a script under nohup. One of another session (a terminal
 * window) has not handed that on.
 */
function isHangupIgnored(env: Env): boolean {
  if (env._ === 'nohup' || env._?.endsWith('/nohup')) return true;
  try {
    const status = readFileSync(`/proc/${process.ppid}/status`, 'utf8');
    const ignored = /^SigIgn:\t(?<mask>\w+)$/m.exec(status)?.groups?.mask;
    const isIgnored = ignored !== undefined && (Number.parseInt(ignored.slice(-1), 16) & 1) === 1;
    return isIgnored && sessionOf(process.ppid) === sessionOf(process.pid);
  } catch {
    return false; // the parent has ended, or is another user's and hidden
  }
}

/** The sixth field of stat; the second may contain anything, in parentheses. */
function sessionOf(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3];
}

const O_CLOEXEC = 0o2000000;
const F_SETFD = 2;
const SIGHUP = 1;
const SIG_IGN = 1;

/** Hands it on to the program that takes this process's place, by the system's own functions, for which Node has no names. */
export function keepInherited({ descriptors, isHangupIgnored: ignoresHangup }: Inherited): void {
  if (descriptors.length === 0 && !ignoresHangup) return;
  const libc = nativeCalls().load(null);
  const fcntl = libc.func('int fcntl(int descriptor, int command, ...)');
  for (const descriptor of descriptors) fcntl(descriptor, F_SETFD, 'int', 0);
  if (ignoresHangup) libc.func('intptr_t signal(int signal, intptr_t handler)')(SIGHUP, SIG_IGN);
}

/** It lies beside the program (build/native-calls.ts), and takes its milliseconds only here. */
function nativeCalls(): typeof koffi {
  const { createRequire } = process.getBuiltinModule('node:module');
  const load = createRequire(process.execPath);
  const directory = dirname(process.execPath);
  return load(load.resolve('koffi', { paths: [join(directory, 'lib'), directory] }));
}
