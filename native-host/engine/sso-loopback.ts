import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { VaultError } from '../errors.ts';

/** As it is registered: the service leaves the port out of its comparison. @see https://www.rfc-editor.org/rfc/rfc8252#section-7.3 */
export const REDIRECT_URI = 'http://127.0.0.1/oauth/callback';
const PATH = '/oauth/callback';

export type Loopback = {
  /** REDIRECT_URI with this listener's port. */
  readonly redirectUri: string;
  /** The authorization code. @throws VaultError what `refused` makes of a refusal */
  readonly code: Promise<string>;
  readonly close: () => void;
};

/**
 * Waits on 127.0.0.1 for the browser that comes back from the authorization page with `state`. It takes one answer; what does
 * not know `state` is told so and changes nothing.
 */
export async function listenForCode(state: string, refused: (why: string) => VaultError): Promise<Loopback> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // Nobody may be waiting yet, or any more, when it comes.
  promise.catch(() => undefined);
  let host = '';
  let isAnswered = false;
  const server = createServer((request, response) => {
    const query = isAnswered ? undefined : queryOf(request, host);
    if (query === undefined || !isSame(query.get('state') ?? '', state)) {
      answer(response, 404, 'Nothing to do here', 'This page belongs to no login that is under way.');
      return;
    }
    isAnswered = true;
    const code = query.get('code');
    const settle = (): void => (code ? resolve(code) : reject(refused(whyRefused(query.get('error')))));
    response.once('close', settle);
    if (code) answer(response, 200, 'You are logged in', 'You can close this tab and go back to where you came from.');
    else answer(response, 200, 'The login was refused', 'You can close this tab; nothing was changed.');
  });
  const port = await listening(server);
  host = `127.0.0.1:${port}`;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { redirectUri: `http://${host}${PATH}`, code: promise, close };
}

function queryOf({ method, url = '', headers }: IncomingMessage, host: string): URLSearchParams | undefined {
  const [path, query = ''] = url.split('?', 2);
  // A page that had another name point here would come with that name.
  return method === 'GET' && path === PATH && headers.host === host ? new URLSearchParams(query) : undefined;
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function answer(response: ServerResponse, status: number, title: string, text: string): void {
  const style =
    'body{font:16px/1.5 system-ui,sans-serif;max-width:32em;margin:20vh auto;padding:0 1em;text-align:center}';
  const head = `<meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>${title}</title><style>${style}</style>`;
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    connection: 'close',
  });
  response.end(
    `<!doctype html><html lang="en"><head>${head}</head><body><h1>${title}</h1><p>${text}</p></body></html>\n`,
  );
}

/** The service's own word for a refusal, unless it is just that. */
function whyRefused(error: string | null): string {
  return error === null || error === 'access_denied' ? '' : ` (${error.replaceAll(/[^\w.-]/g, '').slice(0, 60)})`;
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
