import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { VaultError } from '../native-host/errors.ts';
import { withoutOwnSecrets } from '../native-host/own-secrets.ts';
import { browserOpener } from './browser-opener.ts';
import type { Cli } from './cli.ts';
import { isOtherUser } from './peer-user.ts';

const WAIT_MS = 60_000;

type Surroundings = Pick<Cli, 'platform' | 'env' | 'signal'>;

/**
 * Opens a sign-in URL in the default browser without putting it where other processes can read it: a program's arguments are
 * public, so the opener gets a loopback address that answers once, and this user only, with a redirect to the URL.
 * @throws VaultError PROCESS_FAILED, TIMEOUT, CANCELLED; never with the URL in it
 */
export async function openInBrowser(url: string, cli: Surroundings): Promise<void> {
  const path = `/${randomBytes(24).toString('base64url')}`;
  const fetched = Promise.withResolvers<void>();
  let isTaken = false;
  const server = createServer((request, response) => {
    // The address is an argument of the opener, which every user of the machine can read: being fast must not be enough.
    const isRight = request.url === path && request.method === 'GET' && !isOtherUser(request.socket);
    if (isTaken || !isRight) {
      response.writeHead(404).end();
      return;
    }
    isTaken = true;
    response.writeHead(302, { location: url, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    response.end(() => fetched.resolve());
  });
  try {
    const address = `${await listening(server)}${path}`;
    await Promise.race([fetched.promise, failureOf(address, cli), interruption(cli.signal)]);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

function listening(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`);
    });
  });
}

/** Rejects when the wait is cancelled or has been too long; never resolves. */
function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const late = new VaultError(
      'TIMEOUT',
      'no browser came to open the console within a minute; use --stdout to get the URL',
    );
    AbortSignal.timeout(WAIT_MS).addEventListener('abort', () => reject(late), { once: true });
    signal.addEventListener('abort', () => reject(new VaultError('CANCELLED', 'cancelled')), { once: true });
  });
}

/** Starts the opener; rejects when it fails. One that succeeds, or stays because it became the browser, never settles. */
async function failureOf(address: string, { platform, env }: Surroundings): Promise<never> {
  const { spawn } = await import('node:child_process');
  const [file, ...args] = browserOpener({ platform, env });
  const child = spawn(file, [...args, address], { stdio: 'ignore', detached: true, env: withoutOwnSecrets(env) });
  child.unref();
  return new Promise((_, reject) => {
    const failed = (why: string): void =>
      reject(new VaultError('PROCESS_FAILED', `Failed to open URL: ${why}; use --stdout to print it instead`));
    child.once('error', () => failed(`${file} could not be started`));
    child.once('exit', (status, signal) => {
      if (signal !== null) failed(`${file} was ended by ${signal}`);
      else if (status !== 0) failed(`exit status ${status}`);
    });
  });
}
