import { VaultError } from '../native-host/errors.ts';
import { withoutOwnSecrets } from '../native-host/own-secrets.ts';
import { variable } from '../native-host/settings.ts';
import { isWsl } from './browser-opener.ts';
import { isInstalled } from './child.ts';
import type { Cli } from './cli.ts';

type Program = readonly [file: string, ...args: string[]];

/** They copy in a moment; one that waits for a display that does not answer never ends. */
const WAIT_MS = 10_000;

/**
 * What puts a text on the clipboard: through a program's stdin, because arguments are public. The function it answers throws
 * VaultError PROCESS_FAILED, TIMEOUT and CANCELLED, never with the text in it.
 * @throws VaultError PROCESS_FAILED where there is no clipboard
 */
export function clipboard(cli: Cli): (text: string) => Promise<void> {
  const program = installed(cli);
  return (text) => copy(text, program, cli);
}

async function copy(text: string, [file, ...args]: Program, cli: Cli): Promise<void> {
  const { spawn } = await import('node:child_process');
  // xclip and wl-copy stay behind to serve the clipboard: with our output open, who reads that would wait for them.
  const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'ignore'], env: withoutOwnSecrets(cli.env) });
  const over = Promise.withResolvers<void>();
  const failed = (why: string): void =>
    over.reject(new VaultError('PROCESS_FAILED', `Failed to copy the URL: ${why}; use --stdout to print it instead`));
  const timer = setTimeout(() => {
    over.reject(new VaultError('TIMEOUT', `${file} did not copy the URL within ${WAIT_MS / 1000} s; use --stdout`));
  }, WAIT_MS);
  const stop = (): void => over.reject(new VaultError('CANCELLED', 'cancelled'));
  cli.signal.addEventListener('abort', stop, { once: true });
  child.once('error', () => failed(`${file} could not be started`));
  child.once('exit', (status, signal) => {
    if (status === 0) over.resolve();
    else failed(signal === null ? `${file} ended with exit status ${status}` : `${file} was ended by ${signal}`);
  });
  child.stdin.on('error', () => undefined); // it ended without reading: its exit status says why
  child.stdin.end(text);
  try {
    await over.promise;
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    clearTimeout(timer);
    cli.signal.removeEventListener('abort', stop);
  }
}

function installed({ platform, env }: Cli): Program {
  const known = programs(platform, env);
  for (const program of known) if (isInstalled(program[0], env)) return program;
  const names = known.map(([file]) => file).join(', ');
  const why = names === '' ? 'there is no display (WAYLAND_DISPLAY, DISPLAY)' : `none of ${names} is installed`;
  throw new VaultError('PROCESS_FAILED', `there is no clipboard to copy to: ${why}; use --stdout to print the URL`);
}

function programs(platform: NodeJS.Platform, env: Cli['env']): Program[] {
  if (platform === 'darwin') return [['pbcopy']];
  if (platform === 'win32') return [['clip.exe']];
  const wayland: Program[] = variable(env, 'WAYLAND_DISPLAY') === undefined ? [] : [['wl-copy']];
  const x11: Program[] = [
    ['xclip', '-selection', 'clipboard'],
    ['xsel', '--clipboard', '--input'],
  ];
  const windows: Program[] = isWsl(env) ? [['clip.exe']] : [];
  return [...wayland, ...(variable(env, 'DISPLAY') === undefined ? [] : x11), ...windows];
}
