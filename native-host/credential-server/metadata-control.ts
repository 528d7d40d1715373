import { connect, type Socket } from 'node:net';
import { VaultError } from '../errors.ts';

/** What a running proxy (metadata-proxy.ts) can be told: a line of JSON each, answered by one. */
export type Control =
  | { readonly do: 'stop' }
  /** Leads the address to `path` for as long as the connection stays open. */
  | { readonly do: 'serve'; readonly path: string; readonly stopsAtEnd: boolean };

/** A stop has to take the address away first. */
const TIMEOUT_MS = 10_000;
const MAX_LINE = 8192;

export type Connection = { readonly socket: Socket; readonly tell: (control: Control) => Promise<void> };

/** A connection to the proxy of this user; undefined where none is running. @throws VaultError PROCESS_FAILED, TIMEOUT */
export async function connectToProxy(controlPath: string): Promise<Connection | undefined> {
  const socket = connect(controlPath);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    // ECONNREFUSED: a file that a killed proxy left.
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    throw new VaultError('PROCESS_FAILED', `cannot reach the proxy at ${controlPath}: ${code}`, { cause });
  }
  const answers: string[] = [];
  let wake = (): void => undefined;
  readLines(socket, (line) => {
    answers.push(line);
    wake();
  });
  const next = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new VaultError('TIMEOUT', `the proxy did not answer within ${TIMEOUT_MS / 1000} s`));
      }, TIMEOUT_MS);
      wake = () => {
        const line = answers.shift();
        if (line === undefined && !socket.destroyed) return;
        clearTimeout(timer);
        if (line === undefined) reject(new VaultError('PROCESS_FAILED', 'the proxy ended without an answer'));
        else resolve(line);
      };
      wake();
    });
  socket.on('close', () => wake());
  socket.on('error', () => socket.destroy()); // heard of as an answer that does not come
  const tell = async (control: Control): Promise<void> => {
    socket.write(`${JSON.stringify(control)}\n`);
    const answer: unknown = JSON.parse(await next());
    if (typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === true) return;
    const message =
      typeof answer === 'object' && answer !== null && 'message' in answer ? String(answer.message) : 'it refused';
    throw new VaultError('PROCESS_FAILED', `the proxy of 169.254.169.254: ${message}`);
  };
  return { socket, tell };
}

/** Stops the proxy; when this returns it has taken the address away and is gone. @throws VaultError PROCESS_FAILED, TIMEOUT */
export async function stopProxy({ socket, tell }: Connection): Promise<void> {
  const gone = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    setTimeout(resolve, TIMEOUT_MS).unref();
  });
  await tell({ do: 'stop' });
  await gone;
}

/** Calls `onLine` for each line that arrives; a line that is far too long closes the connection. */
export function readLines(socket: Socket, onLine: (line: string) => void): void {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    if (text.length > MAX_LINE) socket.destroy();
  });
}
