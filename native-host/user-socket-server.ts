import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { hello } from './actions.ts';
import type { Caller } from './caller.ts';
import { VaultError } from './errors.ts';
import type { Logins } from './logins.ts';
import { integer, object, oneOf, shownText } from './message-check.ts';
import type { PromptBroker } from './prompts.ts';
import { type Action, action, serve } from './server.ts';
import { type SessionDesk, sessionDeskActions } from './session-desk.ts';
import { openConsoleParams, signOutParams, type TerminalConsole } from './terminal-console.ts';
import { loginPage, showLoginParams } from './terminal-login.ts';
import type { AskRequest } from './user-socket.ts';
import { errno, makePrivateDirectory, type PlaceOptions, type SocketPlace, socketPlace } from './user-socket-place.ts';
import { type VaultDesk, vaultDeskActions } from './vault-desk.ts';

export type ListenOptions = PlaceOptions & {
  readonly prompts: PromptBroker;
  readonly console: TerminalConsole;
  readonly logins: Logins;
  readonly family: Caller['family'];
  readonly vaults: VaultDesk;
  readonly sessions: SessionDesk;
  readonly hostVersion: string;
  readonly pid: number;
  /** Ends it: terminals that wait are disconnected, the socket is removed. */
  readonly signal: AbortSignal;
  /** A line for stderr: never a code. */
  readonly log: (line: string) => void;
};

export type UserSocket = {
  readonly address: string;
  /** Removes the socket at once, so that it can be called while the process exits. */
  readonly close: () => void;
};

/** A build that starts many programs at once has each of them ask for its credentials. */
const MAX_CONNECTIONS = 128;
/** An `ask` is a few hundred bytes. */
const MAX_MESSAGE_BYTES = 16 * 1024;
/** A terminal says hello and asks in milliseconds; who does neither holds a place for nothing. */
const IDLE_MS = 10_000;

export const askParams = object<AskRequest>({
  required: {
    kind: oneOf('mfa'),
    profile: shownText(256),
    mfaSerial: shownText(256),
    program: shownText(256),
    pid: integer({ min: 1, max: 2 ** 32 - 1 }),
  },
  optional: { rejected: shownText(1024), parent: shownText(256) },
});

export type TerminalActionsOptions = {
  readonly prompts: PromptBroker;
  readonly console: TerminalConsole;
  readonly logins: Logins;
  readonly family: Caller['family'];
  readonly vaults: VaultDesk;
  readonly sessions: SessionDesk;
  readonly hostVersion: string;
  /** The question, the login or the wish for a console is open from here on. */
  readonly onAsk?: () => void;
};

type TerminalAction =
  | 'hello'
  | 'ask'
  | 'openConsole'
  | 'signOut'
  | 'showLogin'
  | 'cachedSession'
  | keyof ReturnType<typeof vaultDeskActions>;

/** What a terminal may ask of a running host. A question is withdrawn by closing the connection. */
export function terminalActions(options: TerminalActionsOptions): Readonly<Record<TerminalAction, Action>> {
  const { prompts, console, logins, family, vaults, sessions, hostVersion, onAsk } = options;
  return {
    hello: hello(hostVersion, ['prompts', 'open-console', 'lock', 'logins']),
    ask: action(askParams, async ({ program, parent, pid, ...question }, call) => {
      const requester = { source: 'terminal', program, pid, ...(parent !== undefined && { parent }) } as const;
      onAsk?.();
      return { answer: await prompts.ask({ ...question, requester }, call.signal) };
    }),
    openConsole: action(openConsoleParams, (params, call) => {
      onAsk?.();
      return console.openConsole(params, call.signal);
    }),
    signOut: action(signOutParams, (params, call) => {
      onAsk?.();
      return console.signOut(params, call.signal);
    }),
    showLogin: action(showLoginParams, async (params, call) => {
      onAsk?.();
      if (params.browser !== undefined && params.browser !== family) {
        throw new VaultError('BROWSER_NOT_CONNECTED', 'this is not the browser that is meant');
      }
      const connection = new AbortController(); // the login is over when its terminal lets go of the connection
      call.onEnd(() => connection.abort(new VaultError('CANCELLED', 'the terminal has withdrawn the login')));
      await logins.show(loginPage(params), { signal: connection.signal });
      return {};
    }),
    ...vaultDeskActions(vaults),
    ...sessionDeskActions(sessions),
  };
}

/**
 * Serves this user's terminals from now on: when it returns, they can connect. Only this user can: the directory is 0700 and
 * checked, the socket 0600; a pipe of Windows can be written to by its owner only.
 * @throws VaultError CONFIG_INVALID when the directory is not private or cannot hold a socket
 */
export function listenForTerminals(options: ListenOptions): UserSocket {
  const place = socketPlace(options);
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serveTerminal(socket, options);
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('error', (error) => options.log(`cannot listen for terminals: ${error.message}`));
  const address = listen(server, place, options);
  const close = () => {
    options.signal.removeEventListener('abort', close);
    if (place.dir !== undefined) fs.rmSync(address, { force: true });
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  if (options.signal.aborted) close();
  else options.signal.addEventListener('abort', close, { once: true });
  return { address, close };
}

function listen(server: net.Server, place: SocketPlace, { pid, uid }: ListenOptions): string {
  const { dir } = place;
  if (dir === undefined) {
    server.listen(place.address(pid));
    return place.address(pid);
  }
  makePrivateDirectory(dir, uid);
  try {
    return bind(server, { ...place, dir }, pid);
  } catch (cause) {
    const message = `cannot listen for terminals in ${JSON.stringify(dir)}: ${errno(cause)}`;
    throw new VaultError('CONFIG_INVALID', message, { details: { file: dir }, cause });
  }
}

/**
 * A socket appears under its final name only when it answers and is 0600: a terminal that watches the directory would otherwise
 * find it between bind and listen, be refused, and remove it as a dead host's.
 */
function bind(server: net.Server, place: SocketPlace & { readonly dir: string }, pid: number): string {
  const hidden = path.join(place.dir, `.new-${pid}`);
  fs.rmSync(hidden, { force: true });
  server.listen(hidden); // for a path, bind and listen are done when it returns
  fs.chmodSync(hidden, 0o600);
  const address = freeAddress(place, pid);
  fs.renameSync(hidden, address);
  return address;
}

/** Hosts in different containers can have the same pid and share this directory. */
function freeAddress(place: SocketPlace, pid: number): string {
  for (let attempt = 1; attempt < 9; attempt += 1) {
    const address = place.address(pid, attempt);
    if (fs.lstatSync(address, { throwIfNoEntry: false }) === undefined) return address;
  }
  return place.address(pid, 9);
}

function serveTerminal(socket: net.Socket, options: ListenOptions): void {
  const { prompts, console, logins, family, vaults, sessions, hostVersion, signal, log } = options;
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  const onAsk = () => void socket.setTimeout(0);
  const actions = terminalActions({ prompts, console, logins, family, vaults, sessions, hostVersion, onAsk });
  const limits = { maxMessageBytes: MAX_MESSAGE_BYTES, maxCalls: 1 };
  const logLine = (line: string) => log(`terminal: ${line}`);
  void serve({ input: socket, output: socket, actions, signal, log: logLine, ...limits }).then(() => socket.destroy());
}
